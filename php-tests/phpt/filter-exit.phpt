--TEST--
exit() in a filter ends the request: destructors and shutdown functions run
--FILE--
<?php
define( 'ABSPATH', '/nonexistent/' );
class Held {
	public function __destruct() {
		echo "destructor\n";
	}
}
function apply_filters( $name, $value, ...$args ) {
	exit( "exit in $name\n" );
}
register_shutdown_function( function () {
	echo "shutdown\n";
	// The extension still answers.
	var_dump( WP_Codebox_API::validate_ability_input( 'wp-codebox/list-artifacts' ) );
} );
$held = new Held();
try {
	WP_Codebox_API::doctor();
} catch ( Throwable $e ) {
	echo "caught\n";
} finally {
	echo "finally\n";
}
echo "not reached\n";
?>
--EXPECT--
exit in wp_codebox_artifacts_root
shutdown
bool(true)
destructor
