--TEST--
Commands are approved by a filter: only true counts, and an exception stops the run
--SKIPIF--
<?php require __DIR__ . '/task-skip.inc'; ?>
--FILE--
<?php
define( 'ABSPATH', getenv( 'WP_CODEBOX_TEST_RUNTIME' ) . '/wordpress/' );
require __DIR__ . '/task.inc';
class Mine extends RuntimeException {}
$answer = null;
function apply_filters( $name, $value, ...$args ) {
	global $answer, $asked;
	// Anything may be mounted, as it would be without WordPress.
	if ( 'wp_codebox_allowed_mount_roots' === $name ) {
		return array( dirname( __DIR__ ) );
	}
	if ( 'wp_codebox_approve_command' !== $name ) {
		return $value;
	}
	$asked[] = $args[0]['command'];
	return $answer( $value, $args[0] );
}
function try_it( string $label, callable $with ): void {
	global $answer, $asked;
	$answer = $with;
	$asked  = array();
	try {
		$run = run( 'edit', array( 'runtime_policy' => array( 'approvals' => 'on-command' ) ) );
		echo $label, ': ', $run['success'] ? 'done' : $run['error']['code'], ' ', implode( ' ', $asked ), "\n";
	} catch ( Mine $e ) {
		echo $label, ': ', get_class( $e ), ' ', $e->getMessage(), ' ', count( $asked ), "\n";
	}
}
try_it( 'nobody', fn( $value ) => $value );
try_it( 'true', fn() => true );
try_it( 'truthy', fn() => 1 );
try_it( 'word', fn() => 'yes' );
try_it( 'throws', function () { throw new Mine( 'no opinion' ); } );
clean();
?>
--EXPECT--
nobody: runtime-command-not-approved wordpress.ability
true: done wordpress.ability
truthy: runtime-command-not-approved wordpress.ability
word: runtime-command-not-approved wordpress.ability
throws: Mine no opinion 1
