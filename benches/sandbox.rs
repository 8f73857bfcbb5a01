//! What a sandbox costs in this process, without PHP around it.
//!
//! Usage: cargo bench --no-default-features --features compiler --bench sandbox -- [ROUNDS]
//! Needs a runtime pack (WP_CODEBOX_RUNTIME_DIR) and prints medians and 99th percentiles, ms.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::{Duration, Instant};
use wp_codebox::engine::Watch;
use wp_codebox::engine::pack::Pack;
use wp_codebox::sandbox::{Command, Core, Limits, Policy, Sandbox, Spec};

fn main() {
    let rounds = std::env::args().filter_map(|argument| argument.parse().ok()).next().unwrap_or(300);
    let directory =
        std::env::var_os("WP_CODEBOX_RUNTIME_DIR").expect("WP_CODEBOX_RUNTIME_DIR names a runtime pack");
    let began = Instant::now();
    let pack = Arc::new(Pack::open(&PathBuf::from(directory)).expect("a runtime pack"));
    println!("pack open {:.2} ms", ms(began));
    let spec = Spec {
        pack,
        cache_dir: std::env::temp_dir().join("wp-codebox-bench-cache"),
        core: Core::Pack,
        mounts: Vec::new(),
        must_use: Vec::new(),
        defines: serde_json::Map::new(),
        ini: wp_codebox::sandbox::Ini::default(),
        environment: Vec::new(),
        secrets: Vec::new(),
        host_tools: Vec::new(),
        limits: Limits::default(),
        policy: Policy::allowing(wp_codebox::sandbox::command_ids()),
    };
    let began = Instant::now();
    let mut first = Sandbox::create(spec.clone(), &watch()).expect("a sandbox");
    println!("first create {:.2} ms", ms(began));
    let began = Instant::now();
    run(&mut first, QUERY);
    println!("first query {:.2} ms", ms(began));
    drop(first);
    if std::env::args().any(|argument| argument == "query") {
        measure("create and query", rounds, || {
            let mut sandbox = Sandbox::create(spec.clone(), &watch()).unwrap();
            run(&mut sandbox, QUERY);
        });
        return;
    }
    measure("create", rounds, || drop(Sandbox::create(spec.clone(), &watch()).unwrap()));
    for (name, code) in [("echo", "<?php echo 1;"), ("query", QUERY), ("front page", FRONT)] {
        measure(&format!("create and {name}"), rounds, || {
            let mut sandbox = Sandbox::create(spec.clone(), &watch()).unwrap();
            run(&mut sandbox, code);
        });
    }
    for (name, code) in [("create", ""), ("echo", "<?php echo 1;"), ("query", QUERY)] {
        let before = pss();
        let live: Vec<_> = (0..100)
            .map(|_| {
                let mut sandbox = Sandbox::create(spec.clone(), &watch()).unwrap();
                if !code.is_empty() {
                    run(&mut sandbox, code);
                }
                sandbox
            })
            .collect();
        println!(
            "{:>24}: {:.2} MiB each",
            format!("live after {name}"),
            (pss() - before) as f64 / 1024.0 / live.len() as f64
        );
    }
    for threads in [1, 2] {
        let began = Instant::now();
        std::thread::scope(|scope| {
            for _ in 0..threads {
                scope.spawn(|| {
                    for _ in 0..rounds {
                        let mut sandbox = Sandbox::create(spec.clone(), &watch()).unwrap();
                        run(&mut sandbox, QUERY);
                    }
                });
            }
        });
        println!(
            "{threads} threads: {:.0} a second",
            f64::from(threads * rounds) / began.elapsed().as_secs_f64()
        );
    }
}

const QUERY: &str = "<?php return [get_bloginfo('name'), wp_count_posts()->publish];";
const FRONT: &str = "<?php define('WP_USE_THEMES', true); ob_start(); $_SERVER['REQUEST_URI'] = '/'; wp(); require ABSPATH . WPINC . '/template-loader.php'; return strlen(ob_get_clean());";

fn run(sandbox: &mut Sandbox, code: &str) {
    let command = Command::RunPhp { code: code.to_owned(), bootstrap: true };
    let execution = sandbox.execute(&command, &watch()).expect("it runs");
    execution.outcome.unwrap_or_else(|failure| panic!("{failure:?} {}", execution.record.stderr));
}

fn measure(name: &str, rounds: u32, mut what: impl FnMut()) {
    for _ in 0..5 {
        what();
    }
    let mut times: Vec<f64> = (0..rounds)
        .map(|_| {
            let began = Instant::now();
            what();
            ms(began)
        })
        .collect();
    times.sort_by(f64::total_cmp);
    let at = |share: f64| times[((times.len() - 1) as f64 * share) as usize];
    println!("{name:>24}: min {:.3} p50 {:.3} p99 {:.3} ms", times[0], at(0.5), at(0.99));
}

fn watch() -> Watch<'static> {
    Watch::until(Instant::now() + Duration::from_secs(60))
}

fn ms(since: Instant) -> f64 {
    since.elapsed().as_secs_f64() * 1e3
}

/// Proportional set size of this process, KiB.
fn pss() -> u64 {
    let text = std::fs::read_to_string("/proc/self/smaps_rollup").expect("Linux");
    let line = text.lines().find(|line| line.starts_with("Pss:")).expect("Pss");
    line.split_whitespace().nth(1).and_then(|number| number.parse().ok()).expect("a number")
}
