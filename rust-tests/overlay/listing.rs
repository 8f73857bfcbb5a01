//! Directory listings: whiteouts, changes while reading, positions.

use super::support::*;
use wp_codebox::engine::vfs::flags::*;
use wp_codebox::engine::vfs::*;

#[test]
fn upper_and_lower_are_merged_in_order() {
    let dir = host_with(&[("b", ""), ("d", ""), ("dir/x", ""), ("f", "")]);
    let mut v = sandbox(dir.path());
    v.unlink("/w/d").expect("unlinked");
    v.spit("/w/a", "").expect("written");
    v.spit("/w/c", "").expect("written");
    v.spit("/w/f", "changed").expect("written");
    v.symlink("a", "/w/z").expect("made");
    assert_eq!(v.names("/w"), Ok(["a", "b", "c", "dir", "f", "z"].map(String::from).to_vec()));
    let fd = v.open("/w", O_RDONLY).expect("open");
    let records = v.readdir(fd, 100).expect("listed");
    assert_eq!(records[0].name, b".");
    assert_eq!(records[1].name, b"..");
    for record in &records[2..] {
        let stat = v.statat(fd, &record.name, false).expect("there");
        assert_eq!((record.ino, record.kind), (stat.ino, dirent_kind(stat.mode)));
    }
    assert_eq!(v.readdir(fd, 100), Ok(vec![]), "the end");
    assert_eq!(v.readdir(fd, 100), Ok(vec![]), "still the end");
}

#[test]
fn each_entry_that_stays_is_told_once_whatever_happens_meanwhile() {
    let dir = host();
    for n in 0..50 {
        put(dir.path(), &format!("lower{n:02}"), "");
    }
    let mut v = sandbox(dir.path());
    for n in 0..50 {
        v.spit(&format!("/w/upper{n:02}"), "").expect("written");
    }
    let fd = v.open("/w", O_RDONLY).expect("open");
    let mut seen = Vec::new();
    for round in 0.. {
        let records = v.readdir(fd, 7).expect("listed");
        if records.is_empty() {
            break;
        }
        for record in records {
            let name = String::from_utf8(record.name).expect("UTF-8");
            // As a recursive deletion does: what was read goes at once.
            if name.ends_with('3') {
                v.unlink(&format!("/w/{name}")).expect("unlinked");
            }
            seen.push(name);
        }
        v.spit(&format!("/w/new{round}"), "").expect("written");
        v.spit(&format!("/w/aaa{round}"), "").expect("written");
    }
    for layer in ["lower", "upper"] {
        for n in 0..50 {
            let name = format!("{layer}{n:02}");
            assert_eq!(seen.iter().filter(|s| **s == name).count(), 1, "{name}");
        }
    }
    v.seek(fd, 0, SEEK_SET).expect("rewound");
    let again = v.readdir(fd, 1000).expect("listed");
    assert!(again.iter().any(|e| e.name == b"new0"), "a rewound listing is a new one");
    assert!(!again.iter().any(|e| e.name == b"lower03"));
}

#[test]
fn a_position_is_a_place_to_go_on_from() {
    let dir = host_with(&[("a", ""), ("b", ""), ("c", "")]);
    let mut v = sandbox(dir.path());
    let fd = v.open("/w", O_RDONLY).expect("open");
    let all = v.readdir(fd, 10).expect("listed");
    assert_eq!(all.len(), 5);
    for (n, record) in all.iter().enumerate() {
        assert_eq!(v.seek(fd, record.next as i64, SEEK_SET), Ok(record.next));
        assert_eq!(v.readdir(fd, 10).expect("listed"), all[n + 1..]);
    }
    assert_eq!(v.seek(fd, 1 << 40, SEEK_SET), Ok(1 << 40));
    assert_eq!(v.readdir(fd, 10), Ok(vec![]));
    let copy = v.dup(fd, 0).expect("dup");
    v.seek(fd, 0, SEEK_SET).expect("rewound");
    assert_eq!(v.readdir(copy, 1).expect("listed")[0].name, b".", "one position for both");
    assert_eq!(v.readdir(fd, 1).expect("listed")[0].name, b"..");
}

#[test]
fn a_tree_can_be_removed_from_the_top_down_and_made_again() {
    let dir = host();
    for n in 0..30 {
        put(dir.path(), &format!("t/d{}/e{}/f{n}", n % 3, n % 5), "x");
    }
    let mut v = sandbox(dir.path());
    fn remove(v: &mut Vfs, path: &str) {
        for name in v.names(path).expect("listed") {
            let child = format!("{path}/{name}");
            if v.lstat(&child).expect("there").mode & S_IFMT == S_IFDIR {
                remove(v, &child);
            } else {
                v.unlink(&child).expect("unlinked");
            }
        }
        v.rmdir(path).expect("empty by now");
    }
    let fresh = v.usage().upper_files;
    remove(&mut v, "/w/t");
    assert_eq!(v.names("/w"), Ok(vec![]));
    // The mount's root, and one whiteout.
    assert_eq!(v.usage().upper_files - fresh, 2, "whiteouts go with their directory");
    v.mkdir("/w/t").expect("made");
    assert_eq!(v.names("/w/t"), Ok(vec![]));
}

/// A scan of a large tree must not leave anything behind.
#[test]
fn reading_leaves_nothing_in_the_upper_layer() {
    let dir = host();
    for n in 0..20 {
        put(dir.path(), &format!("d{n}/e/f"), "x");
    }
    let mut v = sandbox(dir.path());
    let saved = |v: &Vfs| postcard::to_stdvec(v).expect("saved").len();
    let (usage, size) = (v.usage(), saved(&v));
    for n in 0..20 {
        v.names(&format!("/w/d{n}/e")).expect("listed");
        v.chdir(format!("/w/d{n}/e").as_bytes()).expect("changed");
        v.slurp("f").expect("read");
        let fd = v.open("f", O_RDWR).expect("open");
        v.close(fd).expect("closed");
    }
    v.chdir(b"/").expect("changed");
    assert_eq!(v.usage(), usage);
    // What is saved of the base is then saved once, as it was at first.
    v.mark_base();
    assert!(saved(&v) <= size + 8, "{} and {size} bytes", saved(&v));
    assert_eq!(v.generation(), 0, "and nothing counts as a change");
}
