<?php
/**
 * Plugin Name: WP Codebox components
 * Description: Loads the components that the task mounted as must-use plugins, in the task's order.
 */

foreach ( (array) json_decode( (string) file_get_contents( '/internal/codebox/components.json' ), true ) as $wp_codebox_component ) {
	require_once $wp_codebox_component;
}
unset( $wp_codebox_component );
