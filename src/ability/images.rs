//! Warm images: what is kept so that sandboxes start at once.

use super::row::{Ability, Annotations, Cli, Permission, validate_as};
use crate::contract::{Input, Refusal, input_schema, output_schema, to_value};
use crate::host::Host;
use crate::recipe::cache_dir;
use crate::sandbox::{ImageInfo, Retention, list_images, prune_images};
use crate::task::{HeldSandbox, SandboxInput};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use std::sync::LazyLock;
use std::time::Duration;

pub const IMAGES_SCHEMA: &str = "wp-codebox/warm-images/v1";
pub const PRUNED_SCHEMA: &str = "wp-codebox/warm-images-pruned/v1";

/// Nothing is asked.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct ListInput {}

/// Which images may go. Without a limit, those that are kept by default stay: a month, 4 GiB, 64.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct PruneInput {
    /// Images that were not used for longer go.
    #[serde(default)]
    #[schemars(range(min = 0, max = 3_153_600_000u64))]
    max_idle_seconds: Option<u64>,
    /// The last used this many stay, the others go.
    #[serde(default)]
    #[schemars(range(min = 0, max = 1_000_000))]
    max_count: Option<usize>,
    /// The last used stay as long as all together take no more bytes of disk, the others go.
    #[serde(default)]
    #[schemars(range(min = 0, max = 1_000_000_000_000_000u64))]
    max_bytes: Option<u64>,
    /// Only say what would go.
    #[serde(default)]
    dry_run: bool,
}

impl Input for ListInput {
    fn schema() -> &'static Value {
        static SCHEMA: LazyLock<Value> = LazyLock::new(input_schema::<ListInput>);
        &SCHEMA
    }
}

impl Input for PruneInput {
    fn schema() -> &'static Value {
        static SCHEMA: LazyLock<Value> = LazyLock::new(input_schema::<PruneInput>);
        &SCHEMA
    }
}

/// Every image, the last used one first.
#[derive(Debug, Clone, Serialize, JsonSchema)]
struct Images {
    success: bool,
    schema: &'static str,
    /// The cache directory.
    cache: String,
    images: Vec<ImageInfo>,
}

#[derive(Debug, Clone, Serialize, JsonSchema)]
struct PrunedImages {
    success: bool,
    schema: &'static str,
    dry_run: bool,
    removed: Vec<ImageInfo>,
    kept: usize,
    /// Bytes of disk that were freed, or would be.
    freed_bytes: u64,
}

static IMAGES: LazyLock<Value> = LazyLock::new(output_schema::<Images>);
static PRUNED: LazyLock<Value> = LazyLock::new(output_schema::<PrunedImages>);

pub const ROWS: &[Ability] = &[
    Ability {
        name: "wp-codebox/list-warm-images",
        aliases: &[],
        method: "list_warm_images",
        label: "List warm images",
        description: "Lists the frozen WordPresses that sandboxes are forked from.",
        input_schema: ListInput::schema,
        output_schema: || &IMAGES,
        annotations: Annotations::READS,
        show_in_rest: true,
        permission: Permission::RunAgentTask,
        capability: "image:list",
        cli: Some(Cli { command: "images list", aliases: &[], positional: None }),
        validate: validate_as::<ListInput>,
        run: list,
    },
    Ability {
        name: "wp-codebox/build-warm-image",
        aliases: &[],
        method: "build_warm_image",
        label: "Build a warm image",
        description: "Makes the image for a sandbox ahead of time, so that the first one starts at once.",
        input_schema: SandboxInput::schema,
        output_schema: || &IMAGES,
        annotations: Annotations::ADDS_ONCE,
        show_in_rest: true,
        permission: Permission::RunAgentTask,
        capability: "image:build",
        cli: Some(Cli { command: "images build", aliases: &[], positional: None }),
        validate: validate_as::<SandboxInput>,
        run: build,
    },
    Ability {
        name: "wp-codebox/prune-warm-images",
        aliases: &[],
        method: "prune_warm_images",
        label: "Prune warm images",
        description: "Removes images that are too long unused, too many or too large. They are made again \
                      when they are needed.",
        input_schema: PruneInput::schema,
        output_schema: || &PRUNED,
        annotations: Annotations::REMOVES,
        show_in_rest: true,
        permission: Permission::RunAgentTask,
        capability: "image:prune",
        cli: Some(Cli { command: "images prune", aliases: &[], positional: None }),
        validate: validate_as::<PruneInput>,
        run: prune,
    },
];

fn images(host: &dyn Host) -> Result<Value, Refusal> {
    let cache = cache_dir(&host.settings()?)?;
    to_value(&Images {
        success: true,
        schema: IMAGES_SCHEMA,
        images: list_images(&cache)?,
        cache: cache.display().to_string(),
    })
}

fn list(input: Value, host: &dyn Host) -> Result<Value, Refusal> {
    ListInput::parse(input)?;
    images(host)
}

fn build(input: Value, host: &dyn Host) -> Result<Value, Refusal> {
    // Whoever makes a sandbox makes its image.
    HeldSandbox::create(input, host)?;
    images(host)
}

fn prune(input: Value, host: &dyn Host) -> Result<Value, Refusal> {
    let input = PruneInput::parse(input)?;
    let asked = Retention {
        max_idle: input.max_idle_seconds.map(Duration::from_secs),
        max_count: input.max_count,
        max_bytes: input.max_bytes,
    };
    let nothing = Retention { max_idle: None, max_count: None, max_bytes: None };
    let retention = if asked == nothing { Retention::default() } else { asked };
    let pruned = prune_images(&cache_dir(&host.settings()?)?, retention, input.dry_run)?;
    to_value(&PrunedImages {
        success: true,
        schema: PRUNED_SCHEMA,
        dry_run: input.dry_run,
        removed: pruned.removed,
        kept: pruned.kept,
        freed_bytes: pruned.freed_bytes,
    })
}
