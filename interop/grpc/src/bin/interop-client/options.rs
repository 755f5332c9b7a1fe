//! The flags of the client, as plain data.

use std::time::Duration;
use threadwire_interop_grpc::flags::{Flag, Flags, UsageError, switch, usage, value};

const FLAGS: &[Flag] = &[
    value("server_host", "connects to this host; localhost by default"),
    value("server_port", "connects to this port; 8080 by default"),
    value("server_host_override", "the name expected of the server's certificate; only TLS looks at it"),
    value("test_case", "the case to run; empty_unary by default"),
    switch("use_tls", "must be false, the default, as long as threadwire has no TLS"),
    switch("use_test_ca", "trusts the CA of the tests; only TLS looks at it"),
    value("soak_iterations", "calls of the soak cases and of long_lived_channel; 10 by default"),
    value("soak_max_failures", "so many calls may fail; none by default"),
    value("soak_per_iteration_max_acceptable_latency_ms", "a call that takes longer has failed; 1000 by default"),
    value(
        "soak_min_time_ms_between_rpcs",
        "a thread's next call begins no sooner than this after its last; 0 by default",
    ),
    value("soak_overall_timeout_seconds", "all calls must have been made by then; 10 by default"),
    value("soak_num_threads", "the calls are shared among so many threads; 1 by default"),
    value("soak_request_size", "bytes of a call's request payload; 271828 by default"),
    value("soak_response_size", "bytes of a call's response payload; 314159 by default"),
    value("iteration_interval", "long_lived_channel: seconds from call to call; 10 by default"),
    switch("help", "prints this"),
];

/// What one run does.
#[derive(Debug, Clone)]
pub(crate) struct Options {
    /// `host:port`
    pub(crate) target: String,
    pub(crate) test_case: String,
    pub(crate) soak: Soak,
    pub(crate) iteration_interval: Duration,
}

/// The soak cases.
#[derive(Debug, Clone)]
pub(crate) struct Soak {
    pub(crate) iterations: usize,
    pub(crate) max_failures: usize,
    pub(crate) latency: Duration,
    pub(crate) least_interval: Duration,
    pub(crate) overall: Duration,
    pub(crate) threads: usize,
    pub(crate) request_size: usize,
    pub(crate) response_size: usize,
}

impl Options {
    /// None: only help is wanted.
    pub(crate) fn read(arguments: impl IntoIterator<Item = String>) -> Result<Option<Self>, UsageError> {
        let flags = Flags::parse(arguments, FLAGS)?;
        if flags.is_on("help")? {
            return Ok(None);
        }
        flags.without_tls()?;
        flags.is_on("use_test_ca")?;
        let host = flags.get("server_host").unwrap_or("localhost");
        // An IPv6 address.
        let host = if host.contains(':') && !host.starts_with('[') { format!("[{host}]") } else { host.to_owned() };
        let port: u16 = flags.number("server_port", 8080)?;
        Ok(Some(Self {
            target: format!("{host}:{port}"),
            test_case: flags.get("test_case").unwrap_or("empty_unary").to_owned(),
            soak: Soak::read(&flags)?,
            iteration_interval: Duration::from_secs(flags.number("iteration_interval", 10)?),
        }))
    }

    pub(crate) fn usage() -> String {
        usage("interop-client", FLAGS)
    }
}

impl Soak {
    fn read(flags: &Flags) -> Result<Self, UsageError> {
        let milliseconds = |name, default| flags.number(name, default).map(Duration::from_millis);
        let soak = Self {
            iterations: flags.number("soak_iterations", 10)?,
            max_failures: flags.number("soak_max_failures", 0)?,
            latency: milliseconds("soak_per_iteration_max_acceptable_latency_ms", 1000)?,
            least_interval: milliseconds("soak_min_time_ms_between_rpcs", 0)?,
            overall: Duration::from_secs(flags.number("soak_overall_timeout_seconds", 10)?),
            threads: flags.number("soak_num_threads", 1)?,
            request_size: flags.number("soak_request_size", 271_828)?,
            response_size: flags.number("soak_response_size", 314_159)?,
        };
        if soak.threads == 0 || !soak.iterations.is_multiple_of(soak.threads) {
            return Err(UsageError("--soak_iterations must be a multiple of --soak_num_threads".to_owned()));
        }
        Ok(soak)
    }
}
