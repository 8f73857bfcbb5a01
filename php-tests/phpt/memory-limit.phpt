--TEST--
Running out of PHP's memory while a value is handed over is an ordinary fatal error
--INI--
memory_limit=32M
--FILE--
<?php
define( 'ABSPATH', '/nonexistent/' );
function apply_filters( $name, $value, ...$args ) {
	return $value;
}
register_shutdown_function( function () {
	unset( $GLOBALS['ballast'] );
	echo "\nshutdown ", WP_Codebox_API::runtime_descriptor()['success'] ? 'answered' : 'not answered', "\n";
} );
$input   = array( 'goal' => 'x', 'runtime_task' => array( 'ability' => 'a/b', 'input' => str_repeat( 'x', 4000000 ) ) );
$ballast = str_repeat( 'x', 25000000 );
WP_Codebox_API::run_agent_task( $input );
echo "not reached\n";
?>
--EXPECTF--
Fatal error: Allowed memory size of 33554432 bytes exhausted%s in %s on line 12

shutdown answered
