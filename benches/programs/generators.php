<?php
/**
 * Generators: chains of them, delegation, values sent in, and ends in the middle.
 */

function bench_count( int $to ): Generator {
	try {
		for ( $i = 0; $i < $to; $i++ ) {
			$sent = yield $i => $i * 2;
			if ( null !== $sent ) {
				$i += $sent;
			}
		}
		return $to;
	} finally {
		$GLOBALS['bench_finished'] = ( $GLOBALS['bench_finished'] ?? 0 ) + 1;
	}
}

function bench_odd( iterable $values ): Generator {
	foreach ( $values as $key => $value ) {
		if ( $value % 4 ) {
			yield $key => $value;
		}
	}
}

function bench_nested( int $to ): Generator {
	$got  = yield from bench_count( $to );
	$got += yield from bench_odd( bench_count( $to ) ) ?? 0;
	return $got;
}

return static function (): string {
	$GLOBALS['bench_finished'] = 0;
	$sum                       = 0;
	for ( $round = 0; $round < 200; $round++ ) {
		$nested = bench_nested( 1500 );
		foreach ( $nested as $key => $value ) {
			$sum += $key ^ $value;
		}
		$sum    += $nested->getReturn();
		$counted = bench_count( 1000 );
		while ( $counted->valid() ) {
			$sum += $counted->current();
			if ( $counted->current() > 1500 ) {
				break;
			}
			$counted->send( 3 );
		}
		unset( $counted );
		$sum += count( iterator_to_array( new LimitIterator( new IteratorIterator( bench_count( 99 ) ), 5, 20 ) ) );
	}
	return $sum . ' ' . $GLOBALS['bench_finished'];
};
