<?php
/**
 * Installs WordPress into an empty database: the base that every sandbox starts from.
 */

define( 'WP_INSTALLING', true );
require_once '/wordpress/wp-load.php';
require_once ABSPATH . 'wp-admin/includes/upgrade.php';

// The base is shared: nobody may know its administrator's password, and nobody needs it.
wp_install( 'WP Codebox', 'admin', 'admin@example.test', false, '', wp_generate_password( 64, true, true ), 'en_US' );

// The first post, page and comment stay: a sandbox is a WordPress as people know it.
update_option( 'permalink_structure', '/%year%/%monthnum%/%day%/%postname%/' );

return array(
	'version' => get_bloginfo( 'version' ),
	'db'      => get_option( 'db_version' ),
);
