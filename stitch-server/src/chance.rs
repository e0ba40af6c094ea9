//! Randomness of the operating system: for keys and names that nobody may guess.

use std::io;

/// So many random bytes in hexadecimal.
///
/// # Errors
///
/// If the system has none to give.
pub fn token(bytes: usize) -> io::Result<String> {
    let mut buffer = vec![0; bytes];
    getrandom::fill(&mut buffer).map_err(io::Error::other)?;
    Ok(hex(&buffer))
}

/// Bytes in hexadecimal.
pub fn hex(bytes: &[u8]) -> String {
    use std::fmt::Write;
    bytes.iter().fold(String::with_capacity(bytes.len() * 2), |mut text, byte| {
        let _ = write!(text, "{byte:02x}");
        text
    })
}
