//! Clocks, sleep and broken-down time. The sandbox lives in UTC.

use super::host_functions;
use super::memory::{self, Answer, Bytes, positive};
use crate::engine::state::State;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};
use time::OffsetDateTime;
use wasmtime::{Caller, Linker, Result};

const CLOCK_REALTIME: i32 = 0;

pub(super) fn link(linker: &mut Linker<State>) -> Result<()> {
    host_functions! { linker, "wasi_snapshot_preview1", positive;
        "clock_time_get"(mem, state, clock: i32, _precision: i64, out: i32) {
            let nanoseconds = if clock == CLOCK_REALTIME { since_epoch().as_nanos() } else { state.monotonic().as_nanos() };
            mem.put_i64(out, nanoseconds as i64)
        }
    }
    linker.func_wrap("env", "emscripten_get_now", |caller: Caller<'_, State>| -> f64 {
        caller.data().monotonic().as_secs_f64() * 1e3
    })?;
    linker.func_wrap("env", "emscripten_date_now", || -> f64 {
        (since_epoch().as_nanos() / 1_000_000) as f64
    })?;
    linker.func_wrap_async(
        "env",
        "emscripten_sleep",
        |caller: Caller<'_, State>, (milliseconds,): (i32,)| {
            let pause = caller.data().parking().sleep(until(milliseconds));
            Box::new(pause)
        },
    )?;
    // The guest has no timer signals; the host's deadline does that work.
    linker.func_wrap("env", "_setitimer_js", |_which: i32, _milliseconds: f64| 0)?;
    linker.func_wrap(
        "env",
        "_tzset_js",
        |mut caller: Caller<'_, State>, timezone: i32, daylight: i32, standard: i32, summer: i32| {
            let (mut mem, _) = memory::open(&mut caller);
            // A pointer outside memory leaves the zone unset, which musl reads as UTC.
            let _ = mem.put_i32(timezone, 0);
            let _ = mem.put_i32(daylight, 0);
            let _ = mem.put(standard, b"UTC\0");
            let _ = mem.put(summer, b"UTC\0");
        },
    )?;
    for name in ["_localtime_js", "_gmtime_js"] {
        linker.func_wrap("env", name, |mut caller: Caller<'_, State>, seconds: i64, out: i32| {
            let (mut mem, _) = memory::open(&mut caller);
            // The call has no way to report an error; a bad pointer changes nothing.
            let _ = put_tm(&mut mem, out, seconds);
        })?;
    }
    linker.func_wrap("env", "_mktime_js", |mut caller: Caller<'_, State>, tm: i32| -> i64 {
        let (mut mem, _) = memory::open(&mut caller);
        make_time(&mut mem, tm).unwrap_or(-1)
    })?;
    Ok(())
}

/// When a wait of `milliseconds` is over. Below zero means never: the deadline ends it.
pub(super) fn until(milliseconds: i32) -> Option<Instant> {
    let milliseconds = u64::try_from(milliseconds).ok()?;
    Instant::now().checked_add(Duration::from_millis(milliseconds))
}

fn since_epoch() -> Duration {
    SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default()
}

/// `struct tm`: sec, min, hour, mday, mon, year-1900, wday, yday, isdst, gmtoff.
fn put_tm(mem: &mut Bytes<'_>, out: i32, seconds: i64) -> Answer<()> {
    let Ok(when) = OffsetDateTime::from_unix_timestamp(seconds) else { return Ok(()) };
    let fields = [
        i32::from(when.second()),
        i32::from(when.minute()),
        i32::from(when.hour()),
        i32::from(when.day()),
        i32::from(u8::from(when.month())) - 1,
        when.year() - 1900,
        i32::from(when.weekday().number_days_from_sunday()),
        i32::from(when.ordinal()) - 1,
        0,
        0,
    ];
    for (index, field) in fields.into_iter().enumerate() {
        mem.put_i32(out.wrapping_add(4 * index as i32), field)?;
    }
    Ok(())
}

/// `timegm` with normalisation: fields may lie outside their ranges.
fn make_time(mem: &mut Bytes<'_>, tm: i32) -> Answer<i64> {
    let field = |index: i32| mem.i32(tm.wrapping_add(4 * index)).map(i64::from);
    let (second, minute, hour) = (field(0)?, field(1)?, field(2)?);
    let (day, month, year) = (field(3)?, field(4)?, field(5)?);
    let year = year + 1900 + month.div_euclid(12);
    let month = month.rem_euclid(12) + 1;
    let days = days_from_civil(year, month, 1) + day - 1;
    let seconds = days * 86_400 + hour * 3_600 + minute * 60 + second;
    put_tm(mem, tm, seconds)?;
    Ok(seconds)
}

/// Days from 1970-01-01 to a date of the proleptic Gregorian calendar.
/// Source: H. Hinnant, "chrono-Compatible Low-Level Date Algorithms", days_from_civil.
fn days_from_civil(year: i64, month: i64, day: i64) -> i64 {
    let year = if month <= 2 { year - 1 } else { year };
    let era = year.div_euclid(400);
    let year_of_era = year.rem_euclid(400);
    let day_of_year = (153 * ((month + 9) % 12) + 2) / 5 + day - 1;
    let day_of_era = year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year;
    era * 146_097 + day_of_era - 719_468
}
