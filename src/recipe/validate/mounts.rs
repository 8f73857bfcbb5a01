//! `inputs.mounts`, `runtime.stack.mounts` and `inputs.stagedFiles`.

use super::super::document::{Inputs, Mount, MountType, StagedFile};
use super::super::source::Wanted;
use super::context::Context;

pub(super) fn check(inputs: &Inputs, context: &mut Context<'_>) {
    for (index, mount) in inputs.mounts.iter().enumerate() {
        check_mount(mount, &format!("$.inputs.mounts[{index}]"), context);
    }
}

pub(super) fn check_mount(mount: &Mount, at: &str, context: &mut Context<'_>) {
    let wanted = match mount.kind {
        None => Wanted::Anything,
        Some(MountType::Directory) => Wanted::Directory,
        Some(MountType::File) => Wanted::File,
    };
    let found = context.source(&format!("{at}.source"), &mount.source, wanted);
    let is_file = found.as_ref().is_some_and(|found| found.is_file);
    context.target(&format!("{at}.target"), &mount.target, is_file);
    context.mounted.extend(found.filter(|found| !found.is_file).map(|found| found.path));
    context.notes(&format!("{at}.metadata"), &mount.metadata);
}

pub(super) fn check_staged(staged: &[StagedFile], context: &mut Context<'_>) {
    for (index, file) in staged.iter().enumerate() {
        let at = format!("$.inputs.stagedFiles[{index}]");
        let found = context.source(&format!("{at}.source"), &file.source, Wanted::Anything);
        let is_file = found.is_some_and(|found| found.is_file);
        context.target(&format!("{at}.target"), &file.target, is_file);
    }
}
