--TEST--
A fatal error in a callback for output ends the command and then the request
--SKIPIF--
<?php require __DIR__ . '/task-skip.inc'; ?>
--INI--
memory_limit=64M
--FILE--
<?php
require __DIR__ . '/task.inc';
$sandbox = WP_Codebox_API::create_sandbox();
register_shutdown_function( fn() => print "\nthe end\n" );
$sandbox->execute(
	'wordpress.run-php',
	array( 'code' => 'echo "x"; while ( true ) {}' ),
	array( 'on_output' => fn() => str_repeat( 'x', 1 << 30 ) )
);
?>
--EXPECTF--
%AFatal error: Allowed memory size of 67108864 bytes exhausted %A
the end
