<?php
/**
 * Closures: bound values, bound objects, arrow functions, composition, callables of first class.
 */

class Bench_Counter {
	private int $value = 0;

	public function adder(): Closure {
		return function ( int $n ): int {
			return $this->value += $n;
		};
	}

	public function __invoke( int $n ): int {
		return $this->value ^ $n;
	}
}

return static function (): string {
	$compose = static fn ( callable ...$steps ) => static fn ( $x ) => array_reduce( $steps, static fn ( $value, $step ) => $step( $value ), $x );
	$counter = new Bench_Counter();
	$add     = $counter->adder();
	$peek    = Closure::bind( fn () => $this->value, new Bench_Counter(), Bench_Counter::class );
	$chain   = $compose( abs( ... ), static fn ( $n ) => $n + 1, $counter, 'intval' );
	$sum     = 0;
	for ( $i = 0; $i < 90000; $i++ ) {
		$factor = $i % 13;
		$scale  = fn ( int $n ) => $n * $factor;
		$sum   += $scale( 3 ) + $add( 1 ) + $peek();
		$sum   ^= $chain( $i - 45000 );
	}
	$curried = static fn ( $a ) => static fn ( $b ) => static fn ( $c ) => $a . $b . $c;
	return $sum . ' ' . $curried( 'x' )( 'y' )( 'z' ) . ' ' . count( array_filter( range( 1, 999 ), static fn ( $n ) => $n & 1 ) );
};
