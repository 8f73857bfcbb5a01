<?php
declare( strict_types = 1 );

namespace WP_Codebox\Bench;

/**
 * Numbers that were measured.
 */
final class Samples {

	/** @var float[] */
	private array $values = array();

	public function add( float ...$values ): void {
		array_push( $this->values, ...$values );
		sort( $this->values );
	}

	/**
	 * The value below which a share of the values lies.
	 */
	public function at( float $share ): float {
		return $this->values[ (int) ( ( count( $this->values ) - 1 ) * $share ) ];
	}

	public function median(): float {
		return $this->at( 0.5 );
	}

	/**
	 * @param array<int, float|int> $values At least one.
	 */
	public static function median_of( array $values ): float {
		$samples = new self();
		$samples->add( ...$values );
		return $samples->median();
	}

	/**
	 * @return array<string, float|int>
	 */
	public function summary(): array {
		return array(
			'min'    => $this->values[0],
			'median' => $this->median(),
			'p99'    => $this->at( 0.99 ),
			'count'  => count( $this->values ),
		);
	}
}
