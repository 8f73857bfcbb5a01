<?php
/**
 * Exceptions: thrown through frames, caught by type, with finally, chained, and as errors of PHP's own.
 */

class Bench_Problem extends RuntimeException {
}

function bench_fail( int $depth, int $kind ): int {
	try {
		if ( $depth > 0 ) {
			return bench_fail( $depth - 1, $kind ) + 1;
		}
		return match ( $kind % 6 ) {
			0 => throw new Bench_Problem( 'problem ' . $kind, $kind ),
			1 => intdiv( $kind, 0 ),
			2 => strlen( ...array() ),
			3 => throw new LogicException( 'outer', 1, new Bench_Problem( 'inner' ) ),
			4 => ( static fn ( int $n ): int => $n )( 'no number' ),
			5 => $kind,
		};
	} finally {
		$GLOBALS['bench_finally'] = ( $GLOBALS['bench_finally'] ?? 0 ) + 1;
	}
}

return static function (): string {
	$GLOBALS['bench_finally'] = 0;
	$log                      = array();
	for ( $i = 0; $i < 40000; $i++ ) {
		try {
			$log['returned'] = ( $log['returned'] ?? 0 ) + bench_fail( $i % 5, $i );
		} catch ( Bench_Problem $problem ) {
			$log['problem'] = ( $log['problem'] ?? 0 ) + $problem->getCode() % 7 + strlen( $problem->getMessage() );
		} catch ( DivisionByZeroError | ArgumentCountError $error ) {
			$log[ get_class( $error ) ] = ( $log[ get_class( $error ) ] ?? 0 ) + 1;
		} catch ( Throwable $other ) {
			$name         = get_class( $other ) . get_class( $other->getPrevious() ?? $other );
			$log[ $name ] = ( $log[ $name ] ?? 0 ) + 1;
		}
	}
	set_error_handler( static fn ( $level, $text ) => throw new ErrorException( $text, 0, $level ) );
	try {
		$nothing = array();
		$log[]   = $nothing['missing'];
	} catch ( ErrorException $error ) {
		$log[] = $error->getMessage();
	} finally {
		restore_error_handler();
	}
	return json_encode( $log ) . ' ' . $GLOBALS['bench_finally'];
};
