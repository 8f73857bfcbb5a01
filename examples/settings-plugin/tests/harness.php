<?php
/**
 * A test harness that needs nothing but PHP: checks, a runner, TAP.
 *
 * It is an object without a name, so that including it again declares nothing twice.
 *
 * @package Notice_Bar
 */

return new class() {

	/**
	 * Runs every case. A warning counts as a failure.
	 *
	 * @param array<string, callable(object, string): void> $cases Test by name. It gets this harness and the
	 *                                                             namespace, and throws if it fails.
	 * @param string                                        $space Namespace of the code under test, with a
	 *                                                             backslash at the end.
	 * @return array{status: string, tests: list<array{name: string, status: string, message?: string}>}
	 */
	public function run( array $cases, string $space ): array {
		$tests = array();

		foreach ( $cases as $name => $case ) {
			$test = array(
				'name'   => $name,
				'status' => 'passed',
			);

			// phpcs:ignore WordPress.PHP.DevelopmentFunctions.error_log_set_error_handler -- This is a test harness.
			set_error_handler(
				static function ( int $level, string $message ): bool {
					if ( 0 === ( error_reporting() & $level ) ) {
						return false; // Silenced with @.
					}
					throw new UnexpectedValueException( $message );
				},
				E_WARNING | E_NOTICE
			);

			try {
				$case( $this, $space );
			} catch ( Throwable $failure ) {
				$test['status']  = 'failed';
				$test['message'] = $failure->getMessage();
			} finally {
				restore_error_handler();
			}

			$tests[] = $test;
		}

		return array(
			'status' => in_array( 'failed', array_column( $tests, 'status' ), true ) ? 'failed' : 'passed',
			'tests'  => $tests,
		);
	}

	/**
	 * Declares the classes of a directory once more, under a namespace that is new in this process.
	 *
	 * PHP cannot redefine a class. So each run reads the files as they are now, puts
	 * `Notice_Bar\Copy_<n>` in the place of the namespace `Notice_Bar`, and evaluates the result: a
	 * file that was edited after the last run, or after the plugin itself was loaded, is tested as
	 * edited. Reading the text also passes by the opcode cache, which may hold an older version.
	 *
	 * @param string $dir The code under test: one class a file, all in one namespace, none that
	 *                    needs another to be declared before it.
	 * @return string The namespace, with a backslash at the end.
	 * @throws UnexpectedValueException If a file is not in exactly one namespace.
	 */
	public function fresh_copy( string $dir ): string {
		$space = wp_unique_id( 'Notice_Bar\Copy_' );

		foreach ( glob( "$dir/*.php" ) as $file ) {
			$code = preg_replace( '/^namespace Notice_Bar;$/m', "namespace $space;", file_get_contents( $file ), -1, $count );

			if ( 1 !== $count ) {
				throw new UnexpectedValueException( basename( $file ) . ' must be in the namespace Notice_Bar.' );
			}

			eval( '?>' . $code ); // phpcs:ignore Squiz.PHP.Eval.Discouraged -- The plugin's own code, see above.
		}

		return $space . '\\';
	}

	/**
	 * Fails unless both values are the same.
	 *
	 * @param mixed  $expected What should be.
	 * @param mixed  $actual   What is.
	 * @param string $what     What is compared.
	 * @throws UnexpectedValueException If they differ.
	 */
	public function same( $expected, $actual, string $what ): void {
		if ( $expected !== $actual ) {
			throw new UnexpectedValueException(
				sprintf( '%s: expected %s, got %s', $what, wp_json_encode( $expected ), wp_json_encode( $actual ) )
			);
		}
	}

	/**
	 * Fails unless a value is an error of this code and HTTP status.
	 *
	 * @param string $code   What should be.
	 * @param int    $status What should be.
	 * @param mixed  $actual What is.
	 * @param string $what   What is looked at.
	 */
	public function error( string $code, int $status, $actual, string $what ): void {
		$this->same( $code, is_wp_error( $actual ) ? $actual->get_error_code() : $actual, $what );
		$this->same( $status, $actual->get_error_data()['status'] ?? null, "$what, status" );
	}

	/**
	 * Fails unless a text holds another.
	 *
	 * @param string $part What should be in it.
	 * @param string $text The text.
	 * @param string $what What is looked at.
	 * @throws UnexpectedValueException If it does not.
	 */
	public function contains( string $part, string $text, string $what ): void {
		if ( ! str_contains( $text, $part ) ) {
			throw new UnexpectedValueException( sprintf( '%s: expected %s in %s', $what, $part, $text ) );
		}
	}

	/**
	 * A result as TAP 13.
	 *
	 * @param array{tests: list<array{name: string, status: string, message?: string}>} $result What run() gave.
	 */
	public function tap( array $result ): string {
		$tap = sprintf( "TAP version 13\n1..%d\n", count( $result['tests'] ) );

		foreach ( $result['tests'] as $index => $test ) {
			$tap .= sprintf( "%s %d - %s\n", 'passed' === $test['status'] ? 'ok' : 'not ok', $index + 1, $test['name'] );

			if ( isset( $test['message'] ) ) {
				$tap .= sprintf( "  ---\n  message: %s\n  ...\n", wp_json_encode( $test['message'], JSON_UNESCAPED_SLASHES ) );
			}
		}

		return $tap;
	}
};
