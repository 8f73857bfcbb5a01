--TEST--
PHP values that are not JSON are refused with their path; bounds hold
--INI--
memory_limit=256M
--FILE--
<?php
function try_context( $label, $value ) {
	try {
		$result = WP_Codebox_API::validate_ability_input( 'wp-codebox/run-agent-task', array( 'goal' => 'x', 'context' => array( 'v' => $value ) ) );
		echo "$label: ", var_export( $result, true ), "\n";
	} catch ( WP_Codebox_Exception $e ) {
		echo "$label: ", $e->getMessage(), ' [', $e->get_error_data()['field'], "]\n";
	}
}
function nest( $levels ) {
	$value = 'x';
	for ( $i = 0; $i < $levels; $i++ ) {
		$value = array( $value );
	}
	return $value;
}
class Plain {}
enum Suit: string {
	case Hearts = 'h';
}

try_context( 'scalars', array( null, true, 1, 1.5, 'x', PHP_INT_MIN, -0.0 ) );
try_context( 'stdClass', (object) array( 'a' => 1, '0' => 2 ) );
try_context( 'nan', NAN );
try_context( 'inf', array( 'deep' => array( 1, -INF ) ) );
try_context( 'bytes', "\xff" );
try_context( 'key', array( "\xff" => 1 ) );
try_context( 'nul', array( "a\0b" => "c\0d" ) );
try_context( 'object', new Plain() );
try_context( 'closure', fn() => 1 );
try_context( 'resource', STDIN );
try_context( 'enum', Suit::Hearts );
try_context( 'iterator', new ArrayIterator( array() ) );

// The input and its context are two levels of the hundred.
try_context( '98 levels', nest( 98 ) );
try_context( '99 levels', nest( 99 ) );
try_context( '100000 levels', nest( 100000 ) );

$loop      = array();
$loop['a'] = &$loop;
try_context( 'recursive array', $loop );
$object       = new stdClass();
$object->self = $object;
try_context( 'recursive object', $object );

// A billion values and more in a few kilobytes.
$bomb = array_fill( 0, 10, 'x' );
for ( $i = 0; $i < 11; $i++ ) {
	$bomb = array_fill( 0, 10, $bomb );
}
try_context( 'bomb', $bomb );
// 100 GB of text in one megabyte.
try_context( 'text', array_fill( 0, 100000, str_repeat( 'x', 1 << 20 ) ) );
?>
--EXPECTF--
scalars: true
stdClass: true
nan: context.v: NAN and INF are not JSON [context.v]
inf: context.v.deep.1: NAN and INF are not JSON [context.v.deep.1]
bytes: context.v: text that is not UTF-8; encode it as base64 [context.v]
key: context.v: text that is not UTF-8; encode it as base64 [context.v]
nul: true
object: context.v: an object of class Plain is not JSON; use an array, stdClass or JsonSerializable [context.v]
closure: context.v: an object of class Closure is not JSON; use an array, stdClass or JsonSerializable [context.v]
resource: context.v: a PHP %s is not JSON [context.v]
enum: context.v: an object of class Suit is not JSON; use an array, stdClass or JsonSerializable [context.v]
iterator: context.v: an object of class ArrayIterator is not JSON; use an array, stdClass or JsonSerializable [context.v]
98 levels: true
99 levels: context.v.0.%s…: nested more than 100 levels, or recursive [%s]
100000 levels: context.v.0.%s…: nested more than 100 levels, or recursive [%s]
recursive array: context.v.a.%s…: nested more than 100 levels, or recursive [%s]
recursive object: context.v.self.%s…: nested more than 100 levels, or recursive [%s]
bomb: context.v.0.%s: more than 250000 values in all [%s]
text: context.v.6%d: more than 64 MiB of text in all [%s]
