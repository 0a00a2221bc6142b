//! How many files and connections the process may have open at once.

/// Below this many, `serve` says that it can take fewer connections than it is made for.
const ENOUGH: usize = 8192;

/// Raises the limit of open files as far as the system allows, and returns it.
pub(crate) fn raise() -> usize {
    let limit = raised();
    if limit < ENOUGH {
        tracing::warn!(
            limit,
            "few files can be open at once, so few connections are taken; raise the hard limit (`ulimit -Hn`, `LimitNOFILE=` of a \
             systemd unit) to {ENOUGH} or more"
        );
    }
    limit
}

#[cfg(unix)]
fn raised() -> usize {
    use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
    let Rlimit { current, maximum } = getrlimit(Resource::Nofile);
    // Without a hard limit, some systems still refuse a soft one above their own maximum.
    let wanted = maximum.unwrap_or(1 << 16).min(1 << 20);
    let raised = Rlimit { current: Some(wanted), maximum };
    let limit = match current {
        Some(current) if current < wanted && setrlimit(Resource::Nofile, raised).is_ok() => Some(wanted),
        current => current,
    };
    limit.map_or(usize::MAX, |limit| usize::try_from(limit).unwrap_or(usize::MAX))
}

#[cfg(not(unix))]
fn raised() -> usize {
    usize::MAX
}
