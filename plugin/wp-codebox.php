<?php
/**
 * Plugin Name:       WP Codebox
 * Description:       Runs agent tasks in a disposable WordPress inside the PHP process and hands back reviewable artifacts. Needs the PHP extension wp_codebox.
 * Version:           0.1.0
 * Requires at least: 6.9
 * Requires PHP:      8.2
 * License:           GPL-2.0-or-later
 * License URI:       https://www.gnu.org/licenses/gpl-2.0.html
 * Text Domain:       wp-codebox
 * Domain Path:       /languages
 *
 * The plugin is the WordPress half of WP Codebox. It holds no policy and no contract: it registers
 * the abilities that the extension describes, hands over input, and shows what comes back.
 *
 * @package WP_Codebox
 */

declare( strict_types = 1 );

defined( 'ABSPATH' ) || exit;

define( 'WP_CODEBOX_PLUGIN_VERSION', '0.1.0' );
define( 'WP_CODEBOX_PLUGIN_PATH', plugin_dir_path( __FILE__ ) );
define( 'WP_CODEBOX_PLUGIN_URL', plugin_dir_url( __FILE__ ) );

require_once WP_CODEBOX_PLUGIN_PATH . 'includes/class-autoloader.php';

spl_autoload_register( array( 'WP_Codebox_Autoloader', 'load' ) );

if ( WP_Codebox_Extension::is_usable() ) {
	( new WP_Codebox_Abilities() )->register_hooks();
	( new WP_Codebox_Pending_Applies() )->register_hooks();
} else {
	( new WP_Codebox_Notice() )->register_hooks();
}

register_activation_hook( __FILE__, array( 'WP_Codebox_Records', 'install' ) );

if ( defined( 'WP_CLI' ) && WP_CLI ) {
	WP_Codebox_CLI::register();
}
