//! What is known of a method from its .proto file.

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

/// A method: its path and its kind.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct MethodDescriptor {
    path: &'static str,
    kind: CallKind,
}

impl MethodDescriptor {
    /// A method with `path`, `/package.Service/Method`.
    pub const fn new(path: &'static str, kind: CallKind) -> Self {
        Self { path, kind }
    }

    /// `/package.Service/Method`.
    pub const fn path(&self) -> &'static str {
        self.path
    }

    /// Which side streams.
    pub const fn kind(&self) -> CallKind {
        self.kind
    }
}
