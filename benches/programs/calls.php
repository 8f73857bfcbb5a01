<?php
/**
 * Calls of user functions: plain, with defaults, variadic, by name, static and through callables.
 */

function bench_add( int $a, int $b = 1 ): int {
	return $a + $b;
}

function bench_sum( int ...$numbers ): int {
	$sum = 0;
	foreach ( $numbers as $number ) {
		$sum = bench_add( $sum, $number );
	}
	return $sum;
}

class Bench_Calls {
	public static function twice( int $n ): int {
		return bench_add( $n, $n );
	}
}

return static function (): string {
	$sum      = 0;
	$callable = 'bench_add';
	for ( $i = 0; $i < 240000; $i++ ) {
		$sum  = bench_add( $sum, $i );
		$sum  = bench_add( b: 3, a: $sum );
		$sum ^= Bench_Calls::twice( $i );
		$sum += $callable( $i );
		if ( 0 === $i % 8 ) {
			$sum += bench_sum( $i, 2, 3, ...array( 4, 5 ) );
			$sum += call_user_func( array( 'Bench_Calls', 'twice' ), $i );
		}
		$sum &= 0x3fffffff;
	}
	return (string) $sum;
};
