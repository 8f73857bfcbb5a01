<?php
/**
 * Loads a WordPress and the plugin: the WordPress in WP_ROOT, or a sandbox's own.
 *
 * @package Reading_Time
 */

// PHPUnit loads this file in a function. What WordPress keeps in a variable of its files is global.
global $wpdb, $wp, $wp_query, $wp_rewrite, $wp_the_query, $shortcode_tags, $wp_theme_directories;

require_once ( getenv( 'WP_ROOT' ) ?: '/wordpress' ) . '/wp-load.php';
require_once dirname( __DIR__ ) . '/reading-time.php';
