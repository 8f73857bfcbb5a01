--TEST--
An exception in a filter keeps its class, and no further filter runs
--FILE--
<?php
define( 'ABSPATH', '/nonexistent/' );
class Mine extends RuntimeException {}
function apply_filters( $name, $value, ...$args ) {
	echo "filter $name\n";
	throw new Mine( 'from the filter', 7 );
}
foreach ( array( 'doctor', 'runtime_descriptor' ) as $method ) {
	try {
		WP_Codebox_API::$method();
		echo "not reached\n";
	} catch ( Mine $e ) {
		echo get_class( $e ), ' ', $e->getMessage(), ' ', $e->getCode(), ' ', basename( $e->getFile() ) === basename( __FILE__ ) ? 'here' : 'elsewhere', "\n";
	}
}
echo "alive\n";
?>
--EXPECT--
filter wp_codebox_artifacts_root
Mine from the filter 7 here
filter wp_codebox_artifacts_root
Mine from the filter 7 here
alive
