//! [`FieldMask`]: paths of fields, and the strings that stand for them (google/protobuf/field_mask.proto).

use std::fmt;
use std::str::FromStr;

use super::FieldMask;

/// Fields of a message, by their names in the .proto file: `user.display_name`.
impl FieldMask {
    /// A mask of these paths.
    ///
    /// ```
    /// use threadwire::protobuf::well_known::FieldMask;
    ///
    /// let mask = FieldMask::new(["user.display_name", "photo"]);
    /// assert_eq!(mask.to_string(), "user.display_name,photo");
    /// assert_eq!(mask.to_json_string()?, "user.displayName,photo");
    /// assert_eq!("user.display_name,photo".parse::<FieldMask>()?, mask);
    /// # Ok::<(), threadwire::protobuf::well_known::FieldMaskError>(())
    /// ```
    pub fn new<P: Into<String>>(paths: impl IntoIterator<Item = P>) -> Self {
        Self { paths: paths.into_iter().map(Into::into).collect(), ..Self::default() }
    }

    /// The form that stands in JSON: the paths in lowerCamelCase, with commas between them.
    ///
    /// # Errors
    ///
    /// When a path would not be the same after the way back, or is none.
    pub fn to_json_string(&self) -> Result<String, FieldMaskError> {
        let paths = self.paths.iter().map(|path| camel(path)).collect::<Result<Vec<_>, _>>()?;
        Ok(paths.join(","))
    }

    /// Reads what [`to_json_string`](Self::to_json_string) writes.
    ///
    /// # Errors
    ///
    /// When a path has an underscore, or is none.
    pub fn from_json_string(text: &str) -> Result<Self, FieldMaskError> {
        let paths = split(text).map(snake).collect::<Result<Vec<_>, _>>()?;
        Ok(Self::new(paths))
    }
}

/// The paths with commas between them.
impl fmt::Display for FieldMask {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.paths.join(","))
    }
}

/// Reads what `Display` writes; an empty string is an empty mask.
impl FromStr for FieldMask {
    type Err = FieldMaskError;

    fn from_str(text: &str) -> Result<Self, FieldMaskError> {
        let paths = split(text).map(|path| check(path).map(|()| path)).collect::<Result<Vec<_>, _>>()?;
        Ok(Self::new(paths))
    }
}

/// A path of a [`FieldMask`] that is none, or cannot be written as asked.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum FieldMaskError {
    /// Not names of letters, digits and underscores with dots between them.
    Path {
        /// The path that was given.
        path: String,
    },
    /// Another path after the way to lowerCamelCase and back.
    Camel {
        /// The path that was given.
        path: String,
    },
}

impl fmt::Display for FieldMaskError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Path { path } => write!(f, "'{path}' is no path of fields, such as 'user.display_name'"),
            Self::Camel { path } => write!(f, "'{path}' cannot be written in lowerCamelCase and read back"),
        }
    }
}

impl std::error::Error for FieldMaskError {}

fn split(text: &str) -> impl Iterator<Item = &str> {
    text.split(',').filter(move |_| !text.is_empty())
}

/// Names of fields with dots between them.
fn check(path: &str) -> Result<(), FieldMaskError> {
    let is_name = |name: &str| {
        name.starts_with(|first: char| first.is_ascii_alphabetic() || first == '_')
            && name.chars().all(|character| character.is_ascii_alphanumeric() || character == '_')
    };
    if path.split('.').all(is_name) { Ok(()) } else { Err(FieldMaskError::Path { path: path.to_owned() }) }
}

/// `display_name` becomes `displayName`. Every underscore must stand before a small letter, and no capital be there.
fn camel(path: &str) -> Result<String, FieldMaskError> {
    check(path)?;
    let mut camel = String::new();
    let mut characters = path.chars();
    while let Some(character) = characters.next() {
        let next = if character == '_' { characters.next().map(|next| (next, true)) } else { Some((character, false)) };
        match next {
            Some((letter, true)) if letter.is_ascii_lowercase() => camel.push(letter.to_ascii_uppercase()),
            Some((other, false)) if !other.is_ascii_uppercase() => camel.push(other),
            _ => return Err(FieldMaskError::Camel { path: path.to_owned() }),
        }
    }
    Ok(camel)
}

/// `displayName` becomes `display_name`.
fn snake(path: &str) -> Result<String, FieldMaskError> {
    check(path)?;
    if path.contains('_') {
        return Err(FieldMaskError::Camel { path: path.to_owned() });
    }
    let mut snake = String::new();
    for character in path.chars() {
        if character.is_ascii_uppercase() {
            snake.push('_');
        }
        snake.push(character.to_ascii_lowercase());
    }
    Ok(snake)
}

#[cfg(test)]
mod tests {
    use super::{FieldMask, FieldMaskError};

    #[test]
    fn strings_there_and_back() {
        let cases = [
            (&[][..], "", ""),
            (&["a"], "a", "a"),
            (&["foo_bar.baz_qux", "x1"], "foo_bar.baz_qux,x1", "fooBar.bazQux,x1"),
            (&["_a"], "_a", "A"),
        ];
        for (paths, text, json) in cases {
            let mask = FieldMask::new(paths.iter().copied());
            assert_eq!(mask.to_string(), text);
            assert_eq!(text.parse(), Ok(mask.clone()));
            assert_eq!(mask.to_json_string().as_deref(), Ok(json));
            assert_eq!(FieldMask::from_json_string(json), Ok(mask));
        }
    }

    #[test]
    fn what_is_no_path() {
        for path in [".", "a.", ".a", "a..b", "a b", "a-b", "1a", "é", " a"] {
            let error = FieldMaskError::Path { path: path.into() };
            assert_eq!(path.parse::<FieldMask>(), Err(error.clone()));
            assert_eq!(FieldMask::from_json_string(path), Err(error.clone()));
            assert_eq!(FieldMask::new([path]).to_json_string(), Err(error));
        }
        for text in [",", "a,", ",a", "a,,b"] {
            assert_eq!(text.parse::<FieldMask>(), Err(FieldMaskError::Path { path: String::new() }), "{text}");
        }
    }

    #[test]
    fn what_does_not_survive_camel_case() {
        for path in ["fooBar", "foo__bar", "foo_", "foo_1", "foo_B", "a._", "_"] {
            let error = FieldMaskError::Camel { path: path.into() };
            assert_eq!(FieldMask::new([path]).to_json_string(), Err(error));
        }
        assert_eq!(FieldMask::from_json_string("foo_bar"), Err(FieldMaskError::Camel { path: "foo_bar".into() }));
    }
}
