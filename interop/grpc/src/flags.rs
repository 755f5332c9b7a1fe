//! Flags as the interoperability programs of all languages have them: `--name=value`, `--name value`, and `--name`
//! alone for a switch.

use std::fmt;
use std::str::FromStr;

/// A flag that a program knows.
#[derive(Debug, Clone, Copy)]
pub struct Flag {
    pub name: &'static str,
    /// A switch may stand without a value.
    pub is_switch: bool,
    /// One line for `--help`.
    pub help: &'static str,
}

/// A flag with a value.
pub const fn value(name: &'static str, help: &'static str) -> Flag {
    Flag { name, is_switch: false, help }
}

/// A flag that is true or false.
pub const fn switch(name: &'static str, help: &'static str) -> Flag {
    Flag { name, is_switch: true, help }
}

/// What is wrong with the arguments, in a line.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct UsageError(pub String);

impl fmt::Display for UsageError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::error::Error for UsageError {}

/// The flags that were given.
#[derive(Debug, Default, Clone, PartialEq, Eq)]
pub struct Flags(Vec<(&'static str, String)>);

impl Flags {
    /// Sorts the arguments by the flags that the program knows.
    ///
    /// # Errors
    /// An argument is no flag, an unknown one, or lacks its value.
    pub fn parse(arguments: impl IntoIterator<Item = String>, known: &[Flag]) -> Result<Self, UsageError> {
        let mut arguments = arguments.into_iter();
        let mut flags = Vec::new();
        while let Some(argument) = arguments.next() {
            let Some(text) = argument.strip_prefix("--").or_else(|| argument.strip_prefix('-')) else {
                return Err(UsageError(format!("expected a flag, got '{argument}'")));
            };
            let (name, value) = text.split_once('=').map_or((text, None), |(name, value)| (name, Some(value)));
            let flag = known.iter().find(|flag| flag.name == name);
            let flag = flag.ok_or_else(|| UsageError(format!("there is no flag --{name}")))?;
            let value = match value {
                Some(value) => value.to_owned(),
                None if flag.is_switch => "true".to_owned(),
                None => arguments.next().ok_or_else(|| UsageError(format!("--{name} needs a value")))?,
            };
            flags.push((flag.name, value));
        }
        Ok(Self(flags))
    }

    /// The value of a flag; of several the last one.
    pub fn get(&self, name: &str) -> Option<&str> {
        self.0.iter().rev().find(|(given, _)| *given == name).map(|(_, value)| value.as_str())
    }

    /// A number, or `default` if it is not given.
    ///
    /// # Errors
    /// It is no such number.
    pub fn number<T: FromStr>(&self, name: &str, default: T) -> Result<T, UsageError> {
        let Some(value) = self.get(name) else { return Ok(default) };
        value.parse().map_err(|_| UsageError(format!("--{name}: expected a number, got '{value}'")))
    }

    /// A switch; false if it is not given.
    ///
    /// # Errors
    /// It is neither true nor false.
    pub fn is_on(&self, name: &str) -> Result<bool, UsageError> {
        match self.get(name) {
            None | Some("false" | "0") => Ok(false),
            Some("true" | "1") => Ok(true),
            Some(value) => Err(UsageError(format!("--{name}: expected true or false, got '{value}'"))),
        }
    }

    /// # Errors
    /// `--use_tls=true`: threadwire does not speak it yet.
    pub fn without_tls(&self) -> Result<(), UsageError> {
        if self.is_on("use_tls")? {
            return Err(UsageError("--use_tls=true: there is no TLS yet; use --use_tls=false".to_owned()));
        }
        Ok(())
    }
}

/// The lines of `--help`.
pub fn usage(program: &str, known: &[Flag]) -> String {
    let lines = known.iter().map(|Flag { name, is_switch, help }| {
        let form = format!("--{name}{}", if *is_switch { "=true|false" } else { "=…" });
        format!("  {form:<48} {help}\n")
    });
    format!("usage: {program} [FLAG]…\n{}", lines.collect::<String>())
}

#[cfg(test)]
mod tests {
    use super::{Flag, Flags, UsageError, switch, value};

    const KNOWN: &[Flag] = &[value("port", ""), switch("use_tls", "")];

    fn parse(arguments: &[&str]) -> Result<Flags, UsageError> {
        Flags::parse(arguments.iter().map(|argument| (*argument).to_owned()), KNOWN)
    }

    #[test]
    fn all_forms_of_a_flag() {
        for form in [&["--port=7"][..], &["--port", "7"], &["-port=7"], &["--port=1", "--port=7"]] {
            assert_eq!(parse(form).and_then(|flags| flags.number("port", 0)), Ok(7), "{form:?}");
        }
        for (form, expected) in [("--use_tls", true), ("--use_tls=true", true), ("--use_tls=false", false)] {
            assert_eq!(parse(&[form]).and_then(|flags| flags.is_on("use_tls")), Ok(expected));
        }
        assert_eq!(parse(&[]).and_then(|flags| flags.number("port", 3)), Ok(3));
    }

    #[test]
    fn what_is_wrong_is_said() {
        let wrong = |arguments: &[&str]| {
            let flags = parse(arguments)?;
            flags.number("port", 0_u16)?;
            flags.without_tls()
        };
        for (arguments, expected) in [
            (&["port"][..], "expected a flag, got 'port'"),
            (&["--ports=1"], "there is no flag --ports"),
            (&["--port"], "--port needs a value"),
            (&["--port=70000"], "--port: expected a number, got '70000'"),
            (&["--use_tls=yes"], "--use_tls: expected true or false, got 'yes'"),
            (&["--use_tls"], "--use_tls=true: there is no TLS yet; use --use_tls=false"),
        ] {
            assert_eq!(wrong(arguments), Err(UsageError(expected.to_owned())));
        }
    }
}
