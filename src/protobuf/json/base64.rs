//! Base64 as JSON has it: written in the standard alphabet with padding, read in both alphabets, padded or not.
//!
//! RFC 4648, sections 4 and 5; bits that belong to no byte are passed over, as the other implementations do.

const ALPHABET: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

pub(super) fn encode(bytes: &[u8], out: &mut String) {
    for chunk in bytes.chunks(3) {
        let bits = chunk.iter().fold(0, |bits, byte| bits << 8 | u32::from(*byte)) << (8 * (3 - chunk.len()));
        for place in 0..4 {
            let index = (bits >> (18 - 6 * place) & 63) as usize;
            let digit = ALPHABET.get(index).filter(|_| place <= chunk.len());
            out.push(digit.map_or('=', |digit| char::from(*digit)));
        }
    }
}

pub(super) fn decode(digits: &str) -> Option<Vec<u8>> {
    let unpadded = digits.trim_end_matches('=');
    let padding = digits.len() - unpadded.len();
    if unpadded.len() % 4 == 1 || padding > 2 || padding > 0 && !digits.len().is_multiple_of(4) {
        return None;
    }
    let mut bytes = Vec::with_capacity(unpadded.len() / 4 * 3 + 2);
    for chunk in unpadded.as_bytes().chunks(4) {
        let mut bits = 0;
        for digit in chunk {
            bits = bits << 6 | value(*digit)?;
        }
        let [_, three @ ..] = (bits << (6 * (4 - chunk.len()))).to_be_bytes();
        bytes.extend(three.iter().take(chunk.len() - 1));
    }
    Some(bytes)
}

fn value(digit: u8) -> Option<u32> {
    Some(u32::from(match digit {
        b'A'..=b'Z' => digit - b'A',
        b'a'..=b'z' => digit - b'a' + 26,
        b'0'..=b'9' => digit - b'0' + 52,
        b'+' | b'-' => 62,
        b'/' | b'_' => 63,
        _ => return None,
    }))
}

#[cfg(test)]
mod tests {
    use super::{decode, encode};

    // RFC 4648, section 10.
    #[test]
    fn there_and_back() {
        for (bytes, digits) in [
            ("", ""),
            ("f", "Zg=="),
            ("fo", "Zm8="),
            ("foo", "Zm9v"),
            ("foob", "Zm9vYg=="),
            ("fooba", "Zm9vYmE="),
            ("foobar", "Zm9vYmFy"),
        ] {
            let mut encoded = String::new();
            encode(bytes.as_bytes(), &mut encoded);
            assert_eq!(encoded, digits);
            assert_eq!(decode(digits).unwrap(), bytes.as_bytes());
            assert_eq!(decode(digits.trim_end_matches('=')).unwrap(), bytes.as_bytes(), "without padding");
        }
        assert_eq!(decode("-_"), Some(vec![0xfb]));
        assert_eq!(decode("+/+/"), decode("-_-_"));
    }

    #[test]
    fn what_is_no_base64() {
        for digits in ["A", "AAAAA", "AA=", "AAA==", "A===", "====", "=", "AA==AA==", "A A=", "AAA\n", "é", "A*=="] {
            assert_eq!(decode(digits), None, "{digits:?}");
        }
    }
}
