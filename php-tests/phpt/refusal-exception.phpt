--TEST--
Without WP_Error a refusal is thrown, with code, data and the caller's place
--FILE--
<?php
spl_autoload_register( function ( $class ) {
	echo "autoload: $class\n";
} );
function refuse() {
	return WP_Codebox_API::run_agent_task( array( 'goal' => 'x', 'mounts' => array( array( 'source' => '/a', 'target' => '../b' ) ) ) );
}
try {
	refuse();
} catch ( WP_Codebox_Exception $e ) {
	var_dump( $e->getMessage(), $e->getCode(), $e->get_error_code(), $e->get_error_data() );
	var_dump( basename( $e->getFile() ) === basename( __FILE__ ), $e->getLine(), $e->getPrevious() );
	echo $e->getTrace()[0]['class'], '::', $e->getTrace()[0]['function'], ' < ', $e->getTrace()[1]['function'], "\n";
}

// An exception of one's own is possible and empty.
$own = new WP_Codebox_Exception( 'mine', 3 );
var_dump( $own->getMessage(), $own->getCode(), $own->get_error_code(), $own->get_error_data() );

// What is wrong with the call itself is PHP's own error.
foreach ( array( fn() => WP_Codebox_API::run_agent_task( 'x' ), fn() => WP_Codebox_API::run_agent_task(), fn() => $own->get_error_code( 1 ) ) as $call ) {
	try {
		$call();
	} catch ( Error $e ) {
		echo get_class( $e ), "\n";
	}
}
?>
--EXPECT--
string(61) "mounts.0.target: an absolute sandbox path, such as /workspace"
int(0)
string(31) "wp_codebox_mount_target_invalid"
array(3) {
  ["status"]=>
  int(400)
  ["field"]=>
  string(15) "mounts.0.target"
  ["index"]=>
  int(0)
}
bool(true)
int(6)
NULL
WP_Codebox_API::run_agent_task < refuse
string(4) "mine"
int(3)
string(0) ""
string(0) ""
TypeError
ArgumentCountError
ArgumentCountError
