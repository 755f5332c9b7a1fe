//! Which pages may connect: the check of a browser's Origin (RFC 6455 §10.2, RFC 6454).

use http::header::{HOST, HeaderMap, ORIGIN};

/// Which pages' scripts a server talks to. A request without an Origin is not a browser's, and always passes.
///
/// Without this check any page that a user opens could speak, in his name, to a server on his own host.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
#[non_exhaustive]
pub enum Origins {
    /// Pages of the host (and port) that the request names.
    #[default]
    SameHost,
    /// Pages of these origins, such as `https://example.com` or `http://localhost:3000`.
    Only(Vec<String>),
    /// All pages, files opened from a disk included.
    Any,
}

impl Origins {
    /// Whether a request with these headers passes; else the origin that does not.
    pub(super) fn check(&self, headers: &HeaderMap) -> Result<(), String> {
        let mut origins = headers.get_all(ORIGIN).into_iter();
        let Some(origin) = origins.next() else { return Ok(()) };
        let text = String::from_utf8_lossy(origin.as_bytes()).into_owned();
        let allowed = origins.next().is_none()
            && match self {
                Self::Any => true,
                Self::Only(list) => list.iter().any(|allowed| allowed.eq_ignore_ascii_case(&text)),
                Self::SameHost => {
                    headers.get(HOST).and_then(|host| host.to_str().ok()).is_some_and(|host| is_same_host(&text, host))
                }
            };
        if allowed { Ok(()) } else { Err(text) }
    }
}

fn is_same_host(origin: &str, host: &str) -> bool {
    let Some((scheme, authority)) = origin.split_once("://") else { return false };
    let default_port = match scheme {
        "http" => ":80",
        "https" => ":443",
        _ => return false,
    };
    let bare = |authority: &str| authority.strip_suffix(default_port).unwrap_or(authority).to_ascii_lowercase();
    bare(authority) == bare(host)
}

#[cfg(test)]
mod tests {
    use super::Origins;
    use http::HeaderMap;
    use http::header::{HOST, ORIGIN};

    fn passes(rule: &Origins, origin: &str, host: &str) -> bool {
        let mut headers = HeaderMap::new();
        headers.insert(HOST, host.parse().unwrap());
        headers.insert(ORIGIN, origin.parse().unwrap());
        rule.check(&headers).is_ok()
    }

    #[test]
    fn the_host_and_port_are_compared() {
        let rule = Origins::SameHost;
        assert!(passes(&rule, "http://localhost:8765", "localhost:8765"));
        assert!(passes(&rule, "http://Example.com", "example.com:80"));
        assert!(passes(&rule, "https://example.com", "example.com"));
        assert!(!passes(&rule, "http://localhost:3000", "localhost:8765"));
        assert!(!passes(&rule, "http://evil.example", "localhost:8765"));
        assert!(!passes(&rule, "http://localhost:8765.evil.example", "localhost:8765"));
        assert!(!passes(&rule, "null", "localhost:8765"));
        assert!(!passes(&rule, "file://", ""));
    }

    #[test]
    fn a_list_allows_what_it_names_and_any_allows_all() {
        let rule = Origins::Only(vec!["https://example.com".to_owned()]);
        assert!(passes(&rule, "https://example.com", "localhost"));
        assert!(!passes(&rule, "http://localhost", "localhost"));
        assert!(passes(&Origins::Any, "null", "localhost"));
        assert!(rule.check(&HeaderMap::new()).is_ok());
    }

    #[test]
    fn two_origins_are_none() {
        let mut headers = HeaderMap::new();
        headers.append(ORIGIN, "https://a.example".parse().unwrap());
        headers.append(ORIGIN, "https://b.example".parse().unwrap());
        assert!(Origins::Any.check(&headers).is_err());
    }
}
