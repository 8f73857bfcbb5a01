//! Which pages of a private file mapping are this process's own: those that were written.
//!
//! Asked of the kernel: PAGEMAP_SCAN since Linux 6.7, which names ranges; before that, and where it
//! is not allowed, a word for each page.

use super::PAGE;
use std::fs::File;
use std::io;
use std::ops::Range;
use std::os::fd::AsRawFd;
use std::os::unix::fs::FileExt;

/// `_IOWR('f', 16, struct pm_scan_arg)`.
const PAGEMAP_SCAN: libc::c_ulong = 0xC060_6610;

const IS_FILE: u64 = 1 << 2;
const IS_PRESENT: u64 = 1 << 3;
const IS_SWAPPED: u64 = 1 << 4;
const IS_ZERO: u64 = 1 << 5;

/// Bits of a word of the pagemap.
const ENTRY_FILE: u64 = 1 << 61;
const ENTRY_SWAPPED: u64 = 1 << 62;
const ENTRY_PRESENT: u64 = 1 << 63;

/// `struct pm_scan_arg` of linux/fs.h.
#[repr(C)]
struct ScanArgument {
    size: u64,
    flags: u64,
    start: u64,
    end: u64,
    walk_end: u64,
    vec: u64,
    vec_len: u64,
    max_pages: u64,
    category_inverted: u64,
    category_mask: u64,
    category_anyof_mask: u64,
    return_mask: u64,
}

/// `struct page_region` of linux/fs.h.
#[repr(C)]
#[derive(Clone, Copy, Default)]
struct Region {
    start: u64,
    end: u64,
    categories: u64,
}

/// Calls `see` with each range of written pages between two page addresses, in order.
pub(super) fn written(range: Range<usize>, mut see: impl FnMut(Range<usize>)) -> io::Result<()> {
    let pagemap = File::open("/proc/self/pagemap")?;
    match scan(&pagemap, range.clone(), &mut see) {
        Err(error) if matches!(error.raw_os_error(), Some(libc::ENOTTY | libc::EINVAL | libc::EPERM)) => {
            read(&pagemap, range, &mut see)
        }
        done => done,
    }
}

fn scan(pagemap: &File, range: Range<usize>, see: &mut impl FnMut(Range<usize>)) -> io::Result<()> {
    let mut regions = [Region::default(); 256];
    let mut from = range.start as u64;
    while from < range.end as u64 {
        let mut argument = ScanArgument {
            size: size_of::<ScanArgument>() as u64,
            flags: 0,
            start: from,
            end: range.end as u64,
            walk_end: 0,
            vec: regions.as_mut_ptr() as u64,
            vec_len: regions.len() as u64,
            max_pages: 0,
            category_inverted: IS_FILE | IS_ZERO,
            category_mask: IS_FILE | IS_ZERO,
            category_anyof_mask: IS_PRESENT | IS_SWAPPED,
            return_mask: IS_PRESENT,
        };
        // SAFETY: the argument and the regions that it names are live and writable for their sizes;
        // without flags the call only looks.
        let found = unsafe { libc::ioctl(pagemap.as_raw_fd(), PAGEMAP_SCAN, &raw mut argument) };
        let found = usize::try_from(found).map_err(|_| io::Error::last_os_error())?;
        for region in &regions[..found.min(regions.len())] {
            see(region.start as usize..region.end as usize);
        }
        if argument.walk_end <= from {
            break;
        }
        from = argument.walk_end;
    }
    Ok(())
}

fn read(pagemap: &File, range: Range<usize>, see: &mut impl FnMut(Range<usize>)) -> io::Result<()> {
    let mut words = [0; 8 * 4096];
    let mut at = range.start;
    while at < range.end {
        let pages = ((range.end - at) / PAGE).min(words.len() / 8);
        let part = &mut words[..8 * pages];
        pagemap.read_exact_at(part, 8 * (at / PAGE) as u64)?;
        for (index, word) in part.chunks_exact(8).enumerate() {
            let word = u64::from_ne_bytes(word.try_into().unwrap_or_default());
            let there = word & (ENTRY_PRESENT | ENTRY_SWAPPED) != 0;
            if there && word & ENTRY_FILE == 0 {
                let page = at + index * PAGE;
                see(page..page + PAGE);
            }
        }
        at += pages * PAGE;
    }
    Ok(())
}
