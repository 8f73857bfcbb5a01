<?php
/**
 * Plugin Name: Reading Time
 * Description: Says above a post how long it takes to read.
 * Version: 1.0.0
 * Requires PHP: 8.2
 * License: GPL-2.0-or-later
 *
 * @package Reading_Time
 */

namespace Reading_Time;

if ( ! defined( 'ABSPATH' ) ) {
	exit;
}

require_once __DIR__ . '/includes/class-words.php';
require_once __DIR__ . '/includes/class-post.php';

add_filter( 'the_content', array( Post::class, 'above' ) );
add_action( 'save_post', array( Post::class, 'forget' ) );
add_shortcode( 'reading_time', array( Post::class, 'shortcode' ) );
