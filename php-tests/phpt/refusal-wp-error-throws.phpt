--TEST--
A WP_Error constructor that throws or exits is in charge
--FILE--
<?php
class WP_Error {
	public static $mode = 'throw';
	public function __construct() {
		if ( 'throw' === self::$mode ) {
			throw new DomainException( 'from the constructor' );
		}
		exit( "exit from the constructor\n" );
	}
}
try {
	WP_Codebox_API::run_agent_task( array() );
} catch ( DomainException $e ) {
	echo $e->getMessage(), "\n";
}
WP_Error::$mode = 'exit';
register_shutdown_function( function () {
	echo "shutdown\n";
} );
WP_Codebox_API::run_agent_task( array() );
echo "not reached\n";
?>
--EXPECT--
from the constructor
exit from the constructor
shutdown
