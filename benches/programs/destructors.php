<?php
/**
 * Destructors: at the last reference, in cycles that the collector finds, after an exception.
 */

class Bench_Node {
	public static int $destroyed = 0;
	public ?Bench_Node $next     = null;

	public function __construct( private int $id ) {
	}

	public function __destruct() {
		self::$destroyed += $this->id % 3 + 1;
	}
}

function bench_throwing( int $id ): void {
	$kept = new Bench_Node( $id );
	throw new RuntimeException( (string) $id );
}

return static function (): string {
	Bench_Node::$destroyed = 0;
	$caught                = 0;
	$map                   = new WeakMap();
	for ( $i = 0; $i < 120000; $i++ ) {
		$node = new Bench_Node( $i );
		if ( 0 === $i % 2 ) {
			$node->next       = new Bench_Node( $i + 1 );
			$node->next->next = $node;
		}
		if ( 0 === $i % 5 ) {
			$map[ $node ] = $i;
		}
		if ( 0 === $i % 10 ) {
			try {
				bench_throwing( $i );
			} catch ( RuntimeException $exception ) {
				$caught += strlen( $exception->getMessage() );
			}
			unset( $exception );
		}
	}
	unset( $node );
	gc_collect_cycles();
	return Bench_Node::$destroyed . " $caught " . count( $map );
};
