--TEST--
A callback for output: Fibers stay where they are, a destroyed sandbox, exit() in the middle of a command
--SKIPIF--
<?php require __DIR__ . '/task-skip.inc'; ?>
--FILE--
<?php
require __DIR__ . '/task.inc';
$sandbox = WP_Codebox_API::create_sandbox();
$print   = fn( callable $callback, string $code = 'echo "x"; return "done";' ) => $sandbox->execute( 'wordpress.run-php', array( 'code' => $code ), array( 'on_output' => $callback ) );
$before  = $sandbox->snapshot()['id'];

// A Fiber that is given up would take the stack that the command's thread works with.
$fiber = new Fiber(
	function () use ( $print ) {
		try {
			$print( fn() => Fiber::suspend() );
		} catch ( FiberError $e ) {
			echo $e->getMessage(), "\n";
		}
	}
);
$fiber->start();
$sandbox->restore( $before );
try {
	$print( fn() => ( new Fiber( fn() => print "inside\n" ) )->start() );
} catch ( FiberError $e ) {
	echo $e->getMessage(), "\n";
}
$sandbox->restore( $before );
$fiber = new Fiber( fn() => print $print( fn() => print "heard\n" )['result'] . "\n" );
$fiber->start();

register_shutdown_function(
	function () use ( $sandbox ) {
		echo 'at the end: ', $sandbox->info()['status'], "\n";
	}
);
$print( fn() => exit( "exit\n" ), 'echo "x"; while ( true ) {}' );
?>
--EXPECT--
Cannot switch fibers in current execution context
Cannot switch fibers in current execution context
heard
done
exit
at the end: stopped
