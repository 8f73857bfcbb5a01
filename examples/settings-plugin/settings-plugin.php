<?php
/**
 * Plugin Name:       Notice Bar
 * Description:       Shows a short notice above every page for some days. An example plugin of WP Codebox.
 * Version:           1.0.0
 * Requires at least: 6.9
 * Requires PHP:      8.2
 * License:           GPL-2.0-or-later
 * Text Domain:       settings-plugin
 *
 * @package Notice_Bar
 */

namespace Notice_Bar;

defined( 'ABSPATH' ) || exit;

require_once __DIR__ . '/includes/class-settings.php';
require_once __DIR__ . '/includes/class-settings-page.php';
require_once __DIR__ . '/includes/class-notice.php';

$notice_bar_settings = new Settings();

( new Settings_Page( $notice_bar_settings ) )->register();
( new Notice( $notice_bar_settings ) )->register();
