--TEST--
PHP's time limit ends a run: an ordinary fatal error, shutdown functions, no _exit(124)
--SKIPIF--
<?php require __DIR__ . '/task-skip.inc'; ?>
--INI--
hard_timeout=20
--FILE--
<?php
require __DIR__ . '/task.inc';
// The first run makes the base image, if there is none.
var_dump( run( 'edit' )['success'] );
register_shutdown_function( function () {
	set_time_limit( 0 );
	echo "\nshutdown\n";
	var_dump( run( 'edit' )['success'] );
	clean();
} );
set_time_limit( 3 );
run( 'loop', array( 'task_timeout_seconds' => 600 ) );
echo "not reached\n";
?>
--EXPECTF--
bool(true)

Fatal error: Maximum execution time of 3 seconds exceeded in %s on line %d

shutdown
bool(true)
