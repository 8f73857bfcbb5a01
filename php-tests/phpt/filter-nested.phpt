--TEST--
A filter may call the extension again
--FILE--
<?php
define( 'ABSPATH', '/nonexistent/' );
$depth = 0;
function apply_filters( $name, $value, ...$args ) {
	global $depth;
	if ( 'wp_codebox_artifacts_root' === $name && $depth < 5 ) {
		++$depth;
		WP_Codebox_API::doctor();
		try {
			WP_Codebox_API::run_agent_task( array() );
		} catch ( WP_Codebox_Exception $e ) {
			echo $e->get_error_code(), "\n";
		}
	}
	return $value;
}
WP_Codebox_API::doctor();
echo "$depth\n";
?>
--EXPECT--
wp_codebox_task_missing
wp_codebox_task_missing
wp_codebox_task_missing
wp_codebox_task_missing
wp_codebox_task_missing
5
