<?php
/**
 * Plugin Name:       Repair Agent
 * Description:       Registers the ability repair-agent/fix-failing-tests: a small deterministic agent that repairs PHP code until its tests pass. An example component of WP Codebox.
 * Version:           1.0.0
 * Requires at least: 6.9
 * Requires PHP:      8.2
 * License:           GPL-2.0-or-later
 * Text Domain:       repair-agent
 *
 * @package Repair_Agent
 */

namespace Repair_Agent;

defined( 'ABSPATH' ) || exit;

require_once __DIR__ . '/includes/class-workspace.php';
require_once __DIR__ . '/includes/class-test-result.php';
require_once __DIR__ . '/includes/class-test-run.php';
require_once __DIR__ . '/includes/class-source.php';
require_once __DIR__ . '/includes/class-edit.php';
require_once __DIR__ . '/includes/class-rules.php';
require_once __DIR__ . '/includes/class-suspicion.php';
require_once __DIR__ . '/includes/class-repair.php';
require_once __DIR__ . '/includes/class-ability.php';

Ability::hook();
