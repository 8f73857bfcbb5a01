<?php
/**
 * A command that runs an ability.
 *
 * @package WP_Codebox
 */

declare( strict_types = 1 );

/**
 * One row of the table of abilities as a command. The shell is the operator's own hands: the ability's
 * permission is not asked for, every other rule holds.
 *
 * @since 0.1.0
 */
final class WP_Codebox_CLI_Ability_Command {

	/**
	 * The row of `WP_Codebox_API::abilities()`.
	 *
	 * @var array<string, mixed>
	 */
	private array $row;

	/**
	 * Constructor.
	 *
	 * @since 0.1.0
	 *
	 * @param array<string, mixed> $row A row of `WP_Codebox_API::abilities()` that has `cli`.
	 */
	public function __construct( array $row ) {
		$this->row = $row;
	}

	/**
	 * What `wp help codebox …` shows, read off the input schema.
	 *
	 * @since 0.1.0
	 *
	 * @return array<string, mixed>
	 */
	public function help(): array {
		$positional = $this->row['cli']['positional'] ?? null;
		$synopsis   = array();
		$withheld   = array();

		foreach ( $this->row['input_schema']['properties'] ?? array() as $field => $schema ) {
			if ( $field === $positional ) {
				$synopsis[] = array(
					'type'        => 'positional',
					'name'        => $field,
					'description' => $schema['description'] ?? '',
					'optional'    => true,
				);
			} elseif ( WP_Codebox_CLI_Input::is_taken( $field ) ) {
				$withheld[] = $field;
			} else {
				$synopsis[] = array(
					'type'        => 'assoc',
					'name'        => str_replace( '_', '-', $field ),
					'description' => $schema['description'] ?? '',
					'optional'    => true,
					// WP-CLI drops a flag without a value, with a warning, unless it may have none.
					'value'       => array(
						'name'     => $field,
						'optional' => 'boolean' === ( $schema['type'] ?? null ),
					),
				);
			}
		}

		$longdesc = 'Objects and lists are given as JSON; lists of words also with commas between them. '
			. 'A flag wins over --input-json, and that over --input-file. '
			. 'The exit status is 0 only if the result says "success": true.';
		if ( $withheld ) {
			$longdesc .= ' WP-CLI has its own meaning for some names; give these fields in JSON: '
				. implode( ', ', $withheld ) . '.';
		}

		return array(
			'shortdesc' => $this->row['description'],
			'longdesc'  => $longdesc,
			'synopsis'  => array_merge( $synopsis, WP_Codebox_CLI_Input::synopsis(), WP_Codebox_CLI_Output::synopsis( $this->formats() ) ),
		);
	}

	/**
	 * Runs the ability.
	 *
	 * @since 0.1.0
	 *
	 * @param string[]             $args  Positional arguments.
	 * @param array<string, mixed> $flags Flags.
	 */
	public function __invoke( array $args, array $flags ): void {
		try {
			$output = new WP_Codebox_CLI_Output( $flags, $this->formats() );
			$input  = WP_Codebox_CLI_Input::read( $this->row, $args, $flags );
			WP_Codebox_CLI_Progress::watch();
			$result = WP_Codebox_API::execute_ability( $this->row['name'], $input );
		} catch ( Throwable $e ) {
			WP_Codebox_CLI_Output::fail( $e->getMessage() );
		}
		$output->finish( $result, $this->row['output_schema'] );
	}

	/**
	 * What the result can be printed as.
	 *
	 * @return string[]
	 */
	private function formats(): array {
		return str_starts_with( $this->row['method'], 'list_' )
			? WP_Codebox_CLI_Output::ROWS
			: WP_Codebox_CLI_Output::ENVELOPE;
	}
}
