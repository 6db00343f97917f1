//! A short hash that is the same wherever it is computed. It tells texts apart; it protects nothing.

/// FNV-1a.
pub(super) fn fnv1a(bytes: &[u8]) -> u32 {
    bytes.iter().fold(0x811c_9dc5, |hash, byte| (hash ^ u32::from(*byte)).wrapping_mul(0x0100_0193))
}

/// `{stem}{suffix}` in at most 63 bytes; where the stem has to be cut, its hash keeps two apart.
pub(super) fn name_of(stem: &str, suffix: &str) -> String {
    use crate::quote::MAX_IDENTIFIER;
    if stem.len() + suffix.len() <= MAX_IDENTIFIER {
        return format!("{stem}{suffix}");
    }
    let hash = fnv1a(stem.as_bytes());
    let mut end = MAX_IDENTIFIER - suffix.len() - 9;
    while !stem.is_char_boundary(end) {
        end -= 1;
    }
    format!("{}_{hash:08x}{suffix}", &stem[..end])
}
