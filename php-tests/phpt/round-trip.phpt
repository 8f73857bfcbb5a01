--TEST--
json_encode() of what PHP code is handed equals json_encode() of what it gave
--FILE--
<?php
define( 'ABSPATH', '/nonexistent/wordpress/' );
define( 'WP_CONTENT_DIR', '/nonexistent/wordpress/wp-content' );
function apply_filters( $name, $value, ...$args ) {
	if ( 'wp_codebox_artifacts_root' === $name ) {
		$GLOBALS['seen'] = $args[0];
	}
	return $value;
}
function seen( $context ) {
	$GLOBALS['seen'] = null;
	try {
		WP_Codebox_API::run_agent_task( array( 'goal' => 'x', 'context' => array( 'v' => $context ) ) );
	} catch ( WP_Codebox_Exception $e ) {
		// There is nothing here to run in.
		if ( null === $GLOBALS['seen'] ) {
			echo $e->getMessage(), "\n";
		}
	}
	return $GLOBALS['seen']['context']['v'];
}
$flags  = JSON_PRESERVE_ZERO_FRACTION | JSON_UNESCAPED_SLASHES | JSON_UNESCAPED_UNICODE;
$values = array(
	null, false, 0, -1, PHP_INT_MAX, PHP_INT_MIN, 1.0, 0.1, 1e300, -0.0, '', 'ü/"\\', "\0", '0',
	array(), new stdClass(), array( 1, 2 ), array( 1 => 'a' ), array( 'a' => array( 'b' => new stdClass() ) ),
	(object) array( '0' => 'a', '1' => 'b' ), (object) array( '1' => 'b' ), array( '01' => 1, '-0' => 2, ' 1' => 3 ),
	array( array(), new stdClass(), array( array() ) ), (object) array( '' => 1 ),
);
foreach ( $values as $value ) {
	$before = json_encode( $value, $flags );
	$after  = json_encode( seen( $value ), $flags );
	echo $before === $after ? 'same' : "DIFFERENT $after", ": $before\n";
}

// Keys that PHP turns into integers are found by their integers.
$seen = seen( array( '5' => 'five', 'x' => 1 ) );
var_dump( $seen[5] );
// Objects are arrays, unless an array could not carry them.
var_dump( seen( (object) array( 'a' => 1 ) ), get_debug_type( seen( new stdClass() ) ) );
// References end at the door.
$inner = 1;
$given = array( 'r' => &$inner );
$seen  = seen( $given );
$seen['r'] = 2;
var_dump( $inner );
?>
--EXPECT--
same: null
same: false
same: 0
same: -1
same: 9223372036854775807
same: -9223372036854775808
same: 1.0
same: 0.1
same: 1.0e+300
same: -0.0
same: ""
same: "ü/\"\\"
same: "\u0000"
same: "0"
same: []
same: {}
same: [1,2]
same: {"1":"a"}
same: {"a":{"b":{}}}
same: {"0":"a","1":"b"}
same: {"1":"b"}
same: {"01":1,"-0":2," 1":3}
same: [[],{},[[]]]
same: {"":1}
string(4) "five"
array(1) {
  ["a"]=>
  int(1)
}
string(8) "stdClass"
int(1)
