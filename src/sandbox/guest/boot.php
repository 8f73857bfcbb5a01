<?php
/**
 * Loads WordPress and leaves the request open: what runs later in a fork finds it loaded.
 */

require_once __DIR__ . '/steps.php';
require_once '/wordpress/wp-load.php';
wp_set_current_user( 1 );
WP_Codebox\Sandbox\Outcome::reserve();
file_put_contents( '/request/outcome', '{"status":"ok","value":"ready"}' );
