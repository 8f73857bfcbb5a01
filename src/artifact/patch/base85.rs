//! Git's base85, as in `GIT binary patch`: lines of at most 52 bytes, each led by its length.

const ALPHABET: &[u8; 85] =
    b"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz!#$%&()*+-;<=>?@^_`{|}~";

/// The most bytes that a line can say it has.
const LINE: usize = 52;

/// The bytes as lines, each with its final line feed.
pub fn encode(bytes: &[u8], out: &mut Vec<u8>) {
    for line in bytes.chunks(LINE) {
        out.push(match line.len() as u8 {
            n @ 1..=26 => b'A' + n - 1,
            n => b'a' + n - 27,
        });
        for group in line.chunks(4) {
            let mut word = [0; 4];
            word[..group.len()].copy_from_slice(group);
            let mut rest = u32::from_be_bytes(word);
            let mut digits = [0; 5];
            for digit in digits.iter_mut().rev() {
                *digit = ALPHABET[(rest % 85) as usize];
                rest /= 85;
            }
            out.extend(digits);
        }
        out.push(b'\n');
    }
}

/// Reads one line (without its line feed) and appends its bytes; `None` if it is not well-formed.
pub fn decode_line(line: &[u8], out: &mut Vec<u8>) -> Option<()> {
    let (&lead, digits) = line.split_first()?;
    let length = usize::from(match lead {
        b'A'..=b'Z' => lead - b'A' + 1,
        b'a'..=b'z' => lead - b'a' + 27,
        _ => return None,
    });
    if digits.len() != length.div_ceil(4) * 5 {
        return None;
    }
    let mut left = length;
    for group in digits.chunks(5) {
        let mut word: u64 = 0;
        for &digit in group {
            word = word * 85 + u64::from(value(digit)?);
        }
        let bytes = u32::try_from(word).ok()?.to_be_bytes();
        let take = left.min(4);
        out.extend(&bytes[..take]);
        left -= take;
    }
    Some(())
}

fn value(digit: u8) -> Option<u8> {
    const VALUES: [u8; 256] = {
        let mut table = [255; 256];
        let mut i = 0;
        while i < 85 {
            table[ALPHABET[i] as usize] = i as u8;
            i += 1;
        }
        table
    };
    Some(VALUES[usize::from(digit)]).filter(|v| *v != 255)
}
