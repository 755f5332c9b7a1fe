//! What is known of a method before it is called: its path and its kind, from a .proto file or found at run time.

use super::Status;
use std::borrow::Cow;
use std::fmt;

/// Which side sends one message, and which a stream of them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum CallKind {
    /// One request, one response.
    Unary,
    /// One request, any number of responses.
    ServerStreaming,
    /// Any number of requests, one response.
    ClientStreaming,
    /// Any number of both, in any order.
    Bidirectional,
}

/// A method: its path and its kind. Generated clients have theirs; a generic call makes its own and carries
/// [`Bytes`](bytes::Bytes), the encoded messages as they are:
///
/// ```no_run
/// use bytes::Bytes;
/// use threadwire::grpc::{CallKind, Channel, MethodDescriptor, Request};
///
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// # let (service, method) = ("Greeter", "SayHello");
/// let method = MethodDescriptor::named(service, method, CallKind::Unary)?;
/// let channel = Channel::connect("http://localhost:50051")?;
/// let reply = channel.unary::<Bytes, Bytes>(&method, Request::new(Bytes::from_static(b"\x0a\x05World")))?;
/// println!("{:x?}", reply.message());
/// # Ok(())
/// # }
/// ```
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct MethodDescriptor {
    path: Cow<'static, str>,
    kind: CallKind,
}

impl MethodDescriptor {
    /// A method with `path`, `/package.Service/Method`, which is not checked.
    pub const fn new(path: &'static str, kind: CallKind) -> Self {
        Self { path: Cow::Borrowed(path), kind }
    }

    /// The method `method` of `service`, which is a full name, `package.Service`.
    ///
    /// # Errors
    /// [`InvalidMethod`] if the names cannot stand in a path: one is empty, or has a `/` or what is not visible ASCII.
    pub fn named(service: &str, method: &str, kind: CallKind) -> Result<Self, InvalidMethod> {
        Self::from_path(format!("/{service}/{method}"), kind)
    }

    /// A method with `path`, `/package.Service/Method`.
    ///
    /// # Errors
    /// [`InvalidMethod`] if that is no such path.
    pub fn from_path(path: impl Into<String>, kind: CallKind) -> Result<Self, InvalidMethod> {
        let path = path.into();
        if is_path(&path) { Ok(Self { path: Cow::Owned(path), kind }) } else { Err(InvalidMethod { path }) }
    }

    /// Of a server's call, whose path is as it came.
    pub(super) fn as_it_came(path: &str, kind: CallKind) -> Self {
        Self { path: Cow::Owned(path.to_owned()), kind }
    }

    /// `/package.Service/Method`.
    pub fn path(&self) -> &str {
        &self.path
    }

    /// `package.Service`; nothing of a path that has no such form.
    pub fn service(&self) -> &str {
        self.split().0
    }

    /// `Method`; nothing of a path that has no such form.
    pub fn name(&self) -> &str {
        self.split().1
    }

    fn split(&self) -> (&str, &str) {
        split(&self.path).unwrap_or_default()
    }

    /// Which side streams.
    pub const fn kind(&self) -> CallKind {
        self.kind
    }
}

/// `/package.Service/Method` as service and method.
pub(super) fn split(path: &str) -> Option<(&str, &str)> {
    path.strip_prefix('/')?.rsplit_once('/')
}

/// Whether a path can be sent and means one method: no escapes, no query.
pub(super) fn is_path(path: &str) -> bool {
    let plain = |name: &str| {
        !name.is_empty() && name.bytes().all(|byte| byte.is_ascii_graphic() && !b"/?#%\"<>\\^`{|}".contains(&byte))
    };
    split(path).is_some_and(|(service, method)| plain(service) && plain(method))
}

/// A path that cannot be that of a method.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct InvalidMethod {
    path: String,
}

impl fmt::Display for InvalidMethod {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "the path of a method is /package.Service/Method, not '{}'", self.path.escape_debug())
    }
}

impl std::error::Error for InvalidMethod {}

impl From<InvalidMethod> for Status {
    fn from(error: InvalidMethod) -> Self {
        Self::internal(error.to_string()).with_source(error)
    }
}

#[cfg(test)]
mod tests {
    use super::{CallKind, MethodDescriptor};

    #[test]
    fn a_path_has_two_names() {
        let method = MethodDescriptor::named("a.b.C", "Do", CallKind::ServerStreaming).unwrap();
        assert_eq!((method.path(), method.service(), method.name()), ("/a.b.C/Do", "a.b.C", "Do"));
        assert_eq!(method, MethodDescriptor::new("/a.b.C/Do", CallKind::ServerStreaming));
        for wrong in
            ["", "/", "//", "a/b", "/a", "/a/", "//b", "/a/b/c", "/a/b?c", "/a/%62", "/a/b c", "/a/é", "/a/b\n"]
        {
            let error = MethodDescriptor::from_path(wrong, CallKind::Unary).unwrap_err();
            assert!(error.to_string().contains(&wrong.escape_debug().to_string()), "{error}");
        }
    }
}
