<?php
/**
 * Objects: properties, inheritance, interfaces, traits, magic methods, enums, clones.
 */

interface Bench_Shape {
	public function area(): float;
}

trait Bench_Named {
	private array $labels = array();

	public function __get( string $name ) {
		return $this->labels[ $name ] ?? null;
	}

	public function __set( string $name, $value ) {
		$this->labels[ $name ] = $value;
	}
}

abstract class Bench_Base implements Bench_Shape, Countable {
	use Bench_Named;

	private static int $made = 0;

	public function __construct( protected float $width, protected readonly float $height ) {
		++self::$made;
	}

	public static function made(): int {
		return self::$made;
	}

	public function count(): int {
		return (int) $this->area();
	}
}

class Bench_Rectangle extends Bench_Base {
	public function area(): float {
		return $this->width * $this->height;
	}

	public function widened( float $by ): static {
		$copy         = clone $this;
		$copy->width += $by;
		return $copy;
	}
}

final class Bench_Triangle extends Bench_Rectangle {
	public function area(): float {
		return parent::area() / 2;
	}

	public function __call( string $name, array $arguments ) {
		return strlen( $name ) + count( $arguments );
	}
}

enum Bench_Kind: int {
	case Rectangle = 0;
	case Triangle  = 1;

	public function make( float $width ): Bench_Shape {
		return match ( $this ) {
			self::Rectangle => new Bench_Rectangle( $width, 2.0 ),
			self::Triangle  => new Bench_Triangle( $width, 3.0 ),
		};
	}
}

return static function (): string {
	$made  = Bench_Base::made();
	$total = 0.0;
	for ( $i = 0; $i < 50000; $i++ ) {
		$shape = Bench_Kind::from( $i & 1 )->make( $i % 100 );
		if ( $shape instanceof Bench_Triangle ) {
			$total += $shape->unknown( $i, 2 );
		}
		$wide        = $shape->widened( 1.5 );
		$wide->label = 'n' . $i;
		$total      += $wide->area() - $shape->area() + strlen( $wide->label ) + ( count( $shape ) & 3 );
	}
	return $total . ' ' . ( Bench_Base::made() - $made );
};
