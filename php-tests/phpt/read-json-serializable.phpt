--TEST--
JsonSerializable: read, and free to throw, exit or change what is being read
--FILE--
<?php
class Json implements JsonSerializable {
	public function __construct( private Closure $answer ) {}
	public function jsonSerialize(): mixed {
		return ( $this->answer )();
	}
}
function validate( $context ) {
	try {
		var_dump( WP_Codebox_API::validate_ability_input( 'wp-codebox/run-agent-task', array( 'goal' => 'x', 'context' => $context ) ) );
	} catch ( Throwable $e ) {
		echo get_class( $e ), ': ', $e->getMessage(), "\n";
	}
}
validate( array( 'a' => new Json( fn() => array( 'b' => 1 ) ) ) );
validate( array( 'a' => new Json( fn() => new Json( fn() => NAN ) ) ) );
validate( array( 'a' => new Json( fn() => throw new DomainException( 'no' ) ) ) );
$self = new Json( function () use ( &$self ) {
	return $self;
} );
validate( array( 'a' => $self ) );

// Changes the array, the object and the reference that are being read.
$array  = array( 'a' => 1 );
$object = (object) array( 'a' => 1 );
$wreck  = new Json( function () use ( &$array, $object ) {
	for ( $i = 0; $i < 1000; $i++ ) {
		$array[ "k$i" ] = str_repeat( 'x', 100 );
		$object->{"k$i"} = str_repeat( 'x', 100 );
	}
	$array = null;
	foreach ( array_keys( get_object_vars( $object ) ) as $key ) {
		unset( $object->$key );
	}
	gc_collect_cycles();
	return 'changed';
} );
$array['wreck']  = $wreck;
$array['after']  = array( 1, 2, 3 );
$object->wreck   = $wreck;
$object->after   = array( 1, 2, 3 );
validate( array( 'array' => &$array, 'object' => $object ) );
var_dump( $array );

register_shutdown_function( function () {
	echo "shutdown\n";
} );
validate( array( 'a' => new Json( fn() => exit( "exit\n" ) ) ) );
echo "not reached\n";
?>
--EXPECTF--
bool(true)
WP_Codebox_Exception: context.a: NAN and INF are not JSON
DomainException: no
WP_Codebox_Exception: context.a: nested more than 100 levels, or recursive
bool(true)
NULL
exit
shutdown
