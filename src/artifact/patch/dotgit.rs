//! Names that git, on some file system, could take for its own directory.
//!
//! A patch that names one would be refused as a whole by `git apply`, and an importer on another
//! file system could be made to write into `.git` (CVE-2014-9390 and its many successors). They
//! are recorded as changed and kept out of the patch.

/// Whether a segment of `path` is `.git` on any file system: in any case, with the code points
/// that HFS+ ignores, with NTFS's short name, trailing dots and spaces, or stream suffix, and with
/// `\` as a separator.
pub fn is_git_internal(path: &[u8]) -> bool {
    path.split(|b| *b == b'/' || *b == b'\\').any(|segment| {
        let name = fold(segment);
        name == b".git" || name == b"git~1"
    })
}

/// Whether the last segment is `.gitmodules` on any file system. Git refuses it as a symlink.
pub fn is_gitmodules(path: &[u8]) -> bool {
    let last = path.rsplit(|b| *b == b'/' || *b == b'\\').next().unwrap_or_default();
    let name = fold(last);
    name == b".gitmodules" || name.starts_with(b"gitmod~") || name.starts_with(b"gi7eba~")
}

/// Lower case, without what HFS+ ignores and what NTFS drops.
fn fold(segment: &[u8]) -> Vec<u8> {
    let kept: Vec<u8> = match std::str::from_utf8(segment) {
        Ok(text) => text.chars().filter(|c| !hfs_ignores(*c)).collect::<String>().into_bytes(),
        Err(_) => segment.to_vec(),
    };
    let stem = kept.split(|b| *b == b':').next().unwrap_or_default();
    let end = stem.iter().rposition(|b| !matches!(b, b'.' | b' ')).map_or(0, |i| i + 1);
    stem[..end].to_ascii_lowercase()
}

fn hfs_ignores(c: char) -> bool {
    matches!(c, '\u{200c}'..='\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{206a}'..='\u{206f}' | '\u{feff}')
}
