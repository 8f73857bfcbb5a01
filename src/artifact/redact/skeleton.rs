//! Text without what encodings put into it.
//!
//! A value that is wrapped, quoted, escaped, concatenated or indented differs from the value by
//! white space, quotes, backslashes, `+`, `-` and `.` in between. Without these bytes, and in lower
//! case, all these spellings are one. So the text's skeleton is searched for the skeletons of the
//! value's other spellings, and what was dropped in between goes with it.
//!
//! Whether a byte is dropped depends on it and the byte before it only.

/// The byte belongs to the skeleton.
const KEPT: u8 = 1;
/// `n` and `r`: dropped after a backslash, where they mean the end of a line.
const LINE_END: u8 = 2;
const BACKSLASH: u8 = 4;

const CLASS: [u8; 256] = {
    let mut class = [KEPT; 256];
    // NUL lies between the characters of UTF-16.
    let dropped = b"\0\t\n\r \"'+-.\\";
    let mut i = 0;
    while i < dropped.len() {
        class[dropped[i] as usize] = 0;
        i += 1;
    }
    class[b'\\' as usize] = BACKSLASH;
    class[b'n' as usize] = KEPT | LINE_END;
    class[b'r' as usize] = KEPT | LINE_END;
    class
};

const LOWER: [u8; 256] = {
    let mut lower = [0; 256];
    let mut b = 0;
    while b < 256 {
        lower[b] = (b as u8).to_ascii_lowercase();
        b += 1;
    }
    lower
};

/// Bytes of the raw text between two marks.
const STEP: usize = 256;

/// Room for a stretch and for the byte after it, which is written before it is known to be
/// dropped. A power of two, so that an index needs no check but a mask.
const ROOM: usize = 2 * STEP;

/// Most stretches have no backslash, and this is where the time goes.
fn plain(part: &[u8], out: &mut [u8; ROOM]) -> usize {
    let mut at = 0;
    for &b in part {
        out[at % ROOM] = LOWER[usize::from(b)];
        at += usize::from(CLASS[usize::from(b)] & KEPT);
    }
    at
}

fn escaped(part: &[u8], before: u8, out: &mut [u8; ROOM]) -> usize {
    let mut class_before = CLASS[usize::from(before)];
    let mut at = 0;
    for &b in part {
        let class = CLASS[usize::from(b)];
        out[at % ROOM] = LOWER[usize::from(b)];
        at += kept(class, class_before);
        class_before = class;
    }
    at
}

/// 1 for a byte that is kept, 0 for one that is dropped.
fn kept(class: u8, before: u8) -> usize {
    usize::from(class & KEPT & !((before & BACKSLASH) >> 2 & class >> 1))
}

/// The skeleton of one stretch of text, and the way back from it. Reused from stretch to stretch.
#[derive(Default)]
pub struct Skeleton {
    bytes: Vec<u8>,
    len: usize,
    /// How many bytes were kept before each multiple of [`STEP`].
    marks: Vec<usize>,
    before: u8,
}

impl Skeleton {
    /// Becomes the skeleton of `raw`, which follows the byte `before`.
    pub fn squeeze(&mut self, raw: &[u8], before: u8) {
        if self.bytes.len() < raw.len() + ROOM {
            self.bytes.resize(raw.len() + ROOM, 0);
        }
        self.marks.clear();
        self.before = before;
        let mut before = before;
        let mut len = 0;
        for part in raw.chunks(STEP) {
            self.marks.push(len);
            let out: &mut [u8; ROOM] = (&mut self.bytes[len..len + ROOM]).try_into().expect("of that length");
            len += match memchr::memchr(b'\\', part) {
                None if before != b'\\' => plain(part, out),
                _ => escaped(part, before, out),
            };
            before = part[part.len() - 1];
        }
        self.len = len;
    }

    pub fn as_bytes(&self) -> &[u8] {
        &self.bytes[..self.len]
    }

    /// Where in `raw`, which was squeezed, the skeleton's byte `index` stands.
    pub fn raw_index(&self, raw: &[u8], index: usize) -> usize {
        let step = self.marks.partition_point(|mark| *mark <= index).saturating_sub(1);
        let mut at = step * STEP;
        let mut left = index - self.marks.get(step).copied().unwrap_or_default();
        let before = if at == 0 { self.before } else { raw[at - 1] };
        let mut class_before = CLASS[usize::from(before)];
        while at < raw.len() {
            let class = CLASS[usize::from(raw[at])];
            if kept(class, class_before) == 1 {
                if left == 0 {
                    return at;
                }
                left -= 1;
            }
            class_before = class;
            at += 1;
        }
        raw.len()
    }
}

/// The skeleton of a short text.
pub fn of(text: &[u8]) -> Vec<u8> {
    let mut skeleton = Skeleton::default();
    skeleton.squeeze(text, 0);
    skeleton.as_bytes().to_vec()
}
