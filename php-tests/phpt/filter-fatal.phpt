--TEST--
A fatal error in a filter ends the request and nothing else; shutdown functions may call again
--INI--
memory_limit=32M
--FILE--
<?php
define( 'ABSPATH', '/nonexistent/' );
$die = true;
function apply_filters( $name, $value, ...$args ) {
	global $die;
	if ( $die ) {
		$die = false;
		echo "filter $name\n";
		$memory = str_repeat( 'x', 64 << 20 );
	}
	return $value;
}
register_shutdown_function( function () {
	echo "\nshutdown ", count( WP_Codebox_API::doctor() ) > 3 ? 'answered' : 'not answered', "\n";
} );
WP_Codebox_API::doctor();
echo "not reached\n";
?>
--EXPECTF--
filter wp_codebox_artifacts_root

Fatal error: Allowed memory size of 33554432 bytes exhausted%s in %s on line %d

shutdown answered
