<?php
/**
 * Plugin Name: {name}
 * Version:     0.1.0
 * Requires PHP: 8.2
 * License:     GPL-2.0-or-later
 * Text Domain: {slug}
 *
 * @package {slug}
 */

declare( strict_types = 1 );

defined( 'ABSPATH' ) || exit;
