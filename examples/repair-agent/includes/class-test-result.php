<?php
/**
 * What a run of the tests gave.
 *
 * @package Repair_Agent
 */

namespace Repair_Agent;

/**
 * The tests of one run with their outcomes, or the reason why they could not run.
 *
 * @phpstan-type Test array{name: string, status: string, message?: string}
 */
final class Test_Result {

	/**
	 * Makes a result.
	 *
	 * @param list<Test> $tests What ran. Empty after an error.
	 * @param string     $error Why nothing ran, or an empty string.
	 */
	private function __construct( public readonly array $tests, public readonly string $error ) {}

	/**
	 * A result of what a test file has returned.
	 *
	 * @param mixed $returned Should be `array{status: string, tests: list<Test>}`.
	 */
	public static function of( $returned ): self {
		$tests = array();

		foreach ( is_array( $returned ) && is_array( $returned['tests'] ?? null ) ? $returned['tests'] : array() as $test ) {
			if ( ! is_string( $test['name'] ?? null ) || ! in_array( $test['status'] ?? null, array( 'passed', 'failed' ), true ) ) {
				return self::error( 'A test lacks its name, or its status is neither passed nor failed.' );
			}

			$tests[] = array(
				'name'   => $test['name'],
				'status' => $test['status'],
			) + ( is_string( $test['message'] ?? null ) ? array( 'message' => $test['message'] ) : array() );
		}

		return array() === $tests ? self::error( 'The test file returned no tests.' ) : new self( $tests, '' );
	}

	/**
	 * A result without tests.
	 *
	 * @param string $why Why nothing ran.
	 */
	public static function error( string $why ): self {
		return new self( array(), $why );
	}

	/**
	 * Whether all tests ran and passed.
	 */
	public function passed(): bool {
		return '' === $this->error && array() === $this->failing();
	}

	/**
	 * The tests that failed.
	 *
	 * @return list<Test>
	 */
	public function failing(): array {
		return array_values( array_filter( $this->tests, static fn( array $test ): bool => 'failed' === $test['status'] ) );
	}

	/**
	 * How many failing tests of an earlier run pass in this one; 0 if a test fails now that
	 * passed then, or if the tests are not the same.
	 *
	 * @param Test_Result $earlier A run over the same tests.
	 */
	public function repaired_since( Test_Result $earlier ): int {
		if ( array_column( $this->tests, 'name' ) !== array_column( $earlier->tests, 'name' ) ) {
			return 0;
		}

		$now  = array_column( $this->failing(), 'name' );
		$then = array_column( $earlier->failing(), 'name' );

		return array() === array_diff( $now, $then ) ? count( $then ) - count( $now ) : 0;
	}

	/**
	 * One line for people.
	 */
	public function headline(): string {
		$failed = count( $this->failing() );

		return '' !== $this->error
			? "The tests could not run: $this->error"
			: sprintf( '%d of %d tests passed, %d failed.', count( $this->tests ) - $failed, count( $this->tests ), $failed );
	}

	/**
	 * The result as it is reported.
	 *
	 * @return array{status: string, message?: string, summary: array<string, int>, tests: list<Test>}
	 */
	public function to_array(): array {
		$failed = count( $this->failing() );

		return array( 'status' => '' !== $this->error ? 'error' : ( $failed > 0 ? 'failed' : 'passed' ) )
			+ ( '' !== $this->error ? array( 'message' => $this->error ) : array() )
			+ array(
				'summary' => array(
					'total'  => count( $this->tests ),
					'passed' => count( $this->tests ) - $failed,
					'failed' => $failed,
				),
				'tests'   => $this->tests,
			);
	}
}
