//! The status codes of gRPC (the gRPC project's `statuscodes.md`): one table.

use std::fmt;

macro_rules! codes {
    ($($name:ident = $number:literal, $text:literal, $doc:literal;)*) => {
        /// How a call ended.
        ///
        /// The framework itself makes CANCELLED, DEADLINE_EXCEEDED, INTERNAL, RESOURCE_EXHAUSTED, UNAVAILABLE,
        /// UNIMPLEMENTED and UNKNOWN, and, from the HTTP status of a proxy or a reset, UNAUTHENTICATED and
        /// PERMISSION_DENIED; the others come from handlers only.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        #[non_exhaustive]
        pub enum Code {
            $(#[doc = $doc] $name = $number,)*
        }

        impl Code {
            /// All codes, in the order of their numbers.
            pub const ALL: &[Self] = &[$(Self::$name),*];

            /// The name that all implementations share, such as `NOT_FOUND`.
            pub fn name(self) -> &'static str {
                match self { $(Self::$name => $text,)* }
            }
        }

        impl From<i32> for Code {
            /// A number that is no code means UNKNOWN.
            fn from(number: i32) -> Self {
                match number { $($number => Self::$name,)* _ => Self::Unknown }
            }
        }
    };
}

codes! {
    Ok = 0, "OK", "The call succeeded.";
    Cancelled = 1, "CANCELLED", "The call was cancelled, as a rule by its caller.";
    Unknown = 2, "UNKNOWN", "An error without a code.";
    InvalidArgument = 3, "INVALID_ARGUMENT", "An argument is wrong, whatever the state of the system.";
    DeadlineExceeded = 4, "DEADLINE_EXCEEDED", "The deadline came before the end of the call.";
    NotFound = 5, "NOT_FOUND", "What was asked for is not there.";
    AlreadyExists = 6, "ALREADY_EXISTS", "What was to be made is there already.";
    PermissionDenied = 7, "PERMISSION_DENIED", "The caller may not do this.";
    ResourceExhausted = 8, "RESOURCE_EXHAUSTED", "A limit is reached, such as that on a message's size.";
    FailedPrecondition = 9, "FAILED_PRECONDITION", "The system is not in the state that the call needs.";
    Aborted = 10, "ABORTED", "The call was given up, as after a conflict of transactions.";
    OutOfRange = 11, "OUT_OF_RANGE", "The call went past the end of what there is.";
    Unimplemented = 12, "UNIMPLEMENTED", "The method is not there, or was used as one of another kind.";
    Internal = 13, "INTERNAL", "Something that must hold does not: one of the two sides is broken.";
    Unavailable = 14, "UNAVAILABLE", "The service cannot be reached now; trying again may help.";
    DataLoss = 15, "DATA_LOSS", "Data is lost or damaged for good.";
    Unauthenticated = 16, "UNAUTHENTICATED", "The caller has not shown who it is.";
}

impl From<Code> for i32 {
    fn from(code: Code) -> Self {
        code as Self
    }
}

impl fmt::Display for Code {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.name())
    }
}

#[cfg(test)]
mod tests {
    use super::Code;

    #[test]
    fn numbers_and_codes_are_one_to_one() {
        assert_eq!(Code::ALL.len(), 17);
        for (number, code) in (0..).zip(Code::ALL) {
            assert_eq!((Code::from(number), i32::from(*code)), (*code, number));
        }
        assert_eq!([Code::from(-1), Code::from(17)], [Code::Unknown; 2]);
        assert_eq!(format!("{:<10}|", Code::Aborted), "ABORTED   |");
    }
}
