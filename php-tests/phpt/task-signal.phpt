--TEST--
A signal during a run is handled by PHP's own handler after it
--SKIPIF--
<?php
require __DIR__ . '/task-skip.inc';
if ( ! function_exists( 'pcntl_alarm' ) ) {
	die( 'skip pcntl is missing' );
}
?>
--FILE--
<?php
require __DIR__ . '/task.inc';
pcntl_async_signals( true );
pcntl_signal( SIGALRM, function () {
	echo "alarm\n";
} );
pcntl_alarm( 1 );
$result = run( 'loop', array( 'task_timeout_seconds' => 8 ) );
echo $result['success'] ? 'succeeded' : 'stopped', "\n";
var_dump( run( 'edit' )['success'] );
clean();
?>
--EXPECT--
alarm
stopped
bool(true)
